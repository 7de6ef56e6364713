import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { qfleet, start, temporaryDirectory, until } from '../support/qfleet.ts';
import { argumentsOf, commandsOf, read } from './commands.ts';

/** Trains for so little that a command is done in seconds; what it does stays the same. */
const LITTLE = [
  ...['--max-updates', '400', '--set', 'evaluation.episodes=2', '--set', 'evaluation.every=200'],
  ...[
    '--set',
    'learner.checkpointEvery=200',
    '--set',
    'replay.minSize=200',
    '--set',
    'stop.solvedReturn=null',
  ],
];

/** Commands that need what a test has not: a fleet that goes on in another terminal, another machine. */
const ELSEWHERE = /^(top|actor)\b|redis:\/\/10\.0\.0\.5/;

/** What is added to a command of the guide, for it to end soon. */
function inLittle(args: readonly string[]): readonly string[] {
  switch (args[0]) {
    case 'train':
      // In the background it would have ended before it is stopped.
      return args.includes('--detach') ? args : [...args, ...LITTLE];
    case 'resume':
      return [...args.slice(0, 2), '--max-updates', '500'];
    case 'sweep':
      return [
        ...args.map((word) => word.replace('maxUpdates=2000', 'maxUpdates=200')),
        ...LITTLE.slice(2, 8),
      ];
    default:
      return args;
  }
}

/** A page is there until Ctrl-C. */
async function watched(args: readonly string[], cwd: string): Promise<void> {
  const server = start(args, { cwd });
  const url = () => /http:\/\/\S+/.exec(server.output.stdout)?.[0];
  await until(server, () => url() !== undefined, 'it serves the page');
  expect((await fetch(url()!)).status).toBe(200);
  server.child.kill('SIGINT');
  expect((await server.ended).code).toBe(0);
}

/** What is served ends when it has answered. */
async function served(args: readonly string[], cwd: string): Promise<void> {
  const server = start([...args, '--port', '0'], { cwd, env: { QFLEET_LOG_LEVEL: 'info' } });
  const url = () => /http:\/\/[\w.:]+/.exec(server.output.stdout + server.output.stderr)?.[0];
  await until(server, () => url() !== undefined, 'it serves');
  const body = JSON.stringify({ observation: [0, 0, 0.02, 0] });
  const answer = await fetch(`${url()}/act`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json' },
  });
  expect(await answer.json()).toMatchObject({ action: expect.any(Number) });
  server.child.kill('SIGINT');
  expect((await server.ended).code).toBe(0);
}

it('every command of the first hour works, one after another', { timeout: 400_000 }, async () => {
  const cwd = temporaryDirectory();
  const [, source] = /```ts\n(\/\/ env\.ts\n.*?)```/s.exec(read('docs/guide.md'))!;
  await writeFile(join(cwd, 'env.ts'), source);
  const ran: string[] = [];
  const seen = new Set<string>();
  for (const shown of commandsOf('docs/guide.md')) {
    const args = argumentsOf(shown);
    if (args === null || seen.has(shown.text) || /[A-Z]{3}/.test(args[0]) || ELSEWHERE.test(args.join(' ')))
      continue;
    seen.add(shown.text);
    if (args[0] === 'serve') await served(args, cwd);
    else if (args[0] === 'watch') await watched(args, cwd);
    else {
      const { code, stdout, stderr } = await qfleet(inLittle(args), { cwd });
      expect(code, `${shown.text}\n${stderr}\n${stdout}`).toBe(0);
    }
    ran.push(args[0]);
  }
  for (const command of [
    'doctor',
    'train',
    'resume',
    'eval',
    'config',
    'compare',
    'sweep',
    'export',
    'serve',
    'watch',
    'record',
    'env',
    'stop',
  ])
    expect(ran).toContain(command);
  const { environment } = JSON.parse(readFileSync(join(cwd, 'runs/own/summary.json'), 'utf8'));
  expect(environment).toBe('Balance-v0');
});
