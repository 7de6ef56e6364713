import { createLogger, Supervisor } from '../../src/index.ts';

/** A supervisor of one child that waits to be killed. */
const supervisor = new Supervisor({ logDirectory: process.argv[2], log: createLogger('silent') });
supervisor.start({ name: 'child-0', main: new URL('child.ts', import.meta.url).pathname, env: {} });
process.stdout.write(`${supervisor.status()[0].pid}\n`);
setInterval(() => undefined, 1_000);
