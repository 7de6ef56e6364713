import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { qfleet, start, temporaryDirectory, until } from '../../../test/support/qfleet.ts';

/** A module of a user's, whose every import leaves a line. */
const NOISY = `
import { appendFileSync } from 'node:fs';
import { box, defineEnvironment, discrete } from '@qfleet/envs';
appendFileSync('imported.txt', 'x');
export default defineEnvironment({
  id: 'Noisy-v0',
  observationSpace: box({ low: -1, high: 1, shape: [2] }),
  actionSpace: discrete(3),
  maxEpisodeSteps: 10,
  create: () => ({
    reset: () => [0, 0],
    step: (action: number) => ({ observation: [0, action / 2], reward: action, terminated: false }),
  }),
});
`;

it('exports and serves what a run has learned, from its directory alone', async () => {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, 'noisy.ts'), NOISY);
  const train = ['train', 'noisy.ts', '--single', '--max-updates', '64', '--set', 'replay.minSize=64'];
  const trained = await qfleet([...train, '--set', 'agent.batchSize=16', '--run-dir', 'run', '--json'], {
    cwd,
  });
  expect(trained).toMatchObject({ code: 0 });
  rmSync(join(cwd, 'noisy.ts'));
  const imports = statSync(join(cwd, 'imported.txt')).size;

  for (const out of ['policy.onnx', 'policy.safetensors', 'policy.json']) {
    const { code, stdout } = await qfleet(['export', 'run', out, '--json'], { cwd });
    expect({ code, ...JSON.parse(stdout) }).toEqual({
      ...{ code: 0, file: out, environment: 'Noisy-v0', updates: 64 },
      bytes: statSync(join(cwd, out)).size,
    });
  }
  const last = await qfleet(['export', 'run', 'last.json', '--checkpoint', 'last'], { cwd });
  expect(last).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^last\.json holds the policy of update 64 \(/),
  });
  const { parameters, ...description } = JSON.parse(readFileSync(join(cwd, 'policy.json'), 'utf8'));
  expect(parameters['output/bias'].shape).toEqual([3]);

  const server = start(['serve', 'run', '--port', '0'], { cwd });
  await until(server, () => server.output.stdout.includes('/act\n'), 'it serves');
  const [, url] = server.output.stdout.match(/(http:.*)\/act\n/)!;
  expect(await (await fetch(url)).json()).toEqual(description);
  const body = JSON.stringify({ observation: [0.5, 0.5] });
  const headers = { 'content-type': 'application/json' };
  const answer = (await (await fetch(`${url}/act`, { method: 'POST', body, headers })).json()) as object;
  expect(answer).toEqual({ action: expect.any(Number), values: [1, 2, 3].map(() => expect.any(Number)) });
  const taken = await qfleet(['serve', 'run', '--port', url.split(':').at(-1)!], { cwd });
  expect(taken).toMatchObject({ code: 2, stderr: expect.stringContaining('the port is taken') });
  server.child.kill('SIGTERM');
  expect(await server.ended).toMatchObject({ code: 0, stderr: '' });
  expect(statSync(join(cwd, 'imported.txt')).size).toBe(imports);
});

it('says in one sentence what can’t be exported or served', async () => {
  const cwd = temporaryDirectory();
  const refused = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await qfleet(args, { cwd });
    expect({ code, stdout, lines: stderr.trimEnd().split('\n').length }).toEqual({
      code: 2,
      stdout: '',
      lines: 1,
    });
    return stderr;
  };
  expect(await refused('export', 'none', 'policy.onnx')).toContain('There is no directory none.');
  expect(await refused('serve', 'none')).toContain('There is no directory none.');
  expect(await refused('serve', 'none', '--port', '70000')).toContain('an integer from 0 to 65535');
  expect(await refused('export', '.', 'policy.onnx')).toContain('is no run directory');
});
