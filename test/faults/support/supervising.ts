import { createLogger, Supervisor } from '@qfleet/fleet';
import { mainOf } from './main-of.ts';

/** A supervisor of its own for one more learner and two more actors, until it is killed. Its argument: for their logs. */
const supervisor = new Supervisor({ logDirectory: process.argv[2], log: createLogger('silent') });
for (const name of ['learner-9', 'actor-8', 'actor-9']) {
  supervisor.start({ name, main: mainOf(name.split('-')[0]), env: {} });
}
setInterval(() => undefined, 1_000);
