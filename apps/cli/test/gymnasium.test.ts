import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '@qfleet/env-host';
import { describe, expect, it } from 'vitest';
import { probes, whyNoGymnasium } from '../../../test/support/gymnasium.ts';
import { qfleet, temporaryDirectory } from '../../../test/support/qfleet.ts';

const missing = await whyNoGymnasium('ALE/Pong-v5');
if (missing !== null) process.stderr.write(`Training on Gymnasium's is not tested: ${missing}\n`);

const sets = (...settings: readonly string[]): string[] => settings.flatMap((each) => ['--set', each]);
const single = (what: string, updates: number, ...settings: readonly string[]): string[] => [
  ...['train', what, '--single', '--json', '--run-dir', 'run', '--max-updates', String(updates)],
  ...sets('evaluation.episodes=1', ...settings),
];
/** An environment of `qfleet_probe`, learned by a small network. */
const probe = (name: string, updates: number, ...settings: readonly string[]): string[] =>
  single(
    `gym:qfleet_probe/${name}-v0`,
    updates,
    'agent.network.hidden=[8]',
    'replay.minSize=64',
    ...settings,
  );
const env = { PYTHONPATH: probes };

describe.skipIf(missing !== null)('qfleet train on what Gymnasium plays', { timeout: 600_000 }, () => {
  it('learns Pong the same from the same seed, and says how it was played', async () => {
    const args = single(
      'ALE/Pong-v5',
      8,
      ...['agent.network.hidden=[32]', 'agent.batchSize=16', 'replay.minSize=64', 'fleet.actors=1'],
      ...[
        'fleet.slots=2',
        'fleet.slotsPerLease=2',
        'fleet.slotsPerActor=2',
        'environment.options.max_num_frames_per_episode=200',
      ],
    );
    const summaries = await Promise.all(
      ['1', '1', '2'].map(async (seed) => {
        const { code, stdout, stderr } = await qfleet([...args, '--seed', seed], {
          cwd: temporaryDirectory(),
        });
        expect(code, stderr).toBe(0);
        return JSON.parse(stdout);
      }),
    );
    const [first, second, other] = summaries;
    expect(first).toMatchObject({
      updates: 8,
      weightsHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      environmentSettings: {
        atari: { settings: 'machado', stickyActions: 0.25, frameSkip: 4 },
        frameStack: 4,
        python: { gymnasium: '1.4.0', 'ale-py': '0.12.1' },
      },
    });
    expect(second.weightsHash).toBe(first.weightsHash);
    expect(second.evaluation).toEqual(first.evaluation);
    expect(other.weightsHash).not.toBe(first.weightsHash);
  });

  it('keeps the Python that --python names, and takes no other one from a directory', async () => {
    const cwd = temporaryDirectory();
    // A private one, as a user would name it.
    const [python] = globSync(join(cacheFolder(), 'gymnasium/*/bin/python'));
    const trained = await qfleet([...probe('Walk', 8), '--python', python], { cwd, env });
    expect(trained.code, trained.stderr).toBe(0);
    const config = join(cwd, 'run/config.yaml');
    expect(readFileSync(config, 'utf8')).toContain(`python: ${python}`);
    const play = ['eval', 'run', '--episodes', '1', '--json'];
    expect(await qfleet(play, { cwd, env })).toMatchObject({ code: 0 });

    const [other, mark] = ['python', 'ran'].map((name) => join(temporaryDirectory(), name));
    writeFileSync(other, `#!/bin/sh\ntouch ${mark}\nexec ${python} "$@"\n`, { mode: 0o755 });
    writeFileSync(config, readFileSync(config, 'utf8').replace(python, other));
    const refused = await qfleet(play, { cwd, env });
    expect(refused.stderr).toBe(
      `error: run would run the Python ${other}, which lies outside of this project and was never named here: if you trust it add --trust.\n`,
    );
    expect({ code: refused.code, ran: existsSync(mark) }).toEqual({ code: 2, ran: false });
    expect(await qfleet([...play, '--trust'], { cwd, env })).toMatchObject({ code: 0 });
    expect(existsSync(mark)).toBe(true);
  });

  it('says once what an environment prints, and keeps standard output clean', async () => {
    const { code, stdout, stderr } = await qfleet(
      probe('Trouble', 8, 'environment.options={"kind":"prints"}'),
      {
        cwd: temporaryDirectory(),
        env,
      },
    );
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ updates: 8 });
    expect(stderr.match(/prints to standard output/g)).toHaveLength(1);
    expect(stderr).toContain('which is not shown; it began with "step by step".');
  });

  it('goes on after a worker that died, and ends with the last words of the third', async () => {
    const folder = temporaryDirectory();
    const dies = (updates: number, options: object) =>
      qfleet(
        probe('Trouble', updates, `environment.options=${JSON.stringify({ kind: 'dies', ...options })}`),
        {
          cwd: temporaryDirectory(),
          env,
        },
      );
    const [once, always] = await Promise.all([dies(8, { once: join(folder, 'died') }), dies(800, {})]);
    expect(once.code, once.stderr).toBe(0);
    expect(once.stderr).toMatch(/Python's worker is gone: .* It is started again\./);
    expect(always.code).toBe(1);
    expect(always.stderr.trim().split('\n').at(-1)).toMatch(
      /^error: Environment .*: Python's worker went 3 times in a row: its process ended with exit code 7; its last words: the simulator lost its licence\.$/,
    );
  });
});
