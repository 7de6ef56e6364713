import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  diverging,
  hugeRewards,
  nanAtStep7,
  qfleet,
  start,
  temporaryDirectory,
  until,
} from '../../../test/support/qfleet.ts';

const small = ['--single', '--json', '--max-updates', '200', '--set', 'stop.solvedReturn=null'];

const alwaysFive = `
import { box, defineEnvironment, discrete } from '@qfleet/envs';
export default defineEnvironment({
  id: 'Five-v0',
  observationSpace: box({ low: 0, high: 5, shape: [1] }),
  actionSpace: discrete(2),
  solvedReturn: 4,
  create: () => {
    let at = 0;
    return {
      reset: () => (at = 0),
      step: () => ({ observation: ++at, reward: 1, terminated: at === 5 }),
    };
  },
});
`;

const image = `
import { box, defineEnvironment, discrete } from '@qfleet/envs';
export default defineEnvironment({
  id: 'Image-v0',
  observationSpace: box({ low: 0, high: 255, shape: [36, 36], dtype: 'uint8' }),
  actionSpace: discrete(2),
  maxEpisodeSteps: 10,
  create: (random) => {
    const see = () => Uint8Array.from({ length: 36 * 36 }, () => random.integer(256));
    return { reset: see, step: (action) => ({ observation: see(), reward: action, terminated: false }) };
  },
});
`;

async function train(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await qfleet(['train', ...args], { cwd: temporaryDirectory() });
  expect(stderr).not.toContain('error');
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

it('makes a run directory of a preset’s name where it is', async () => {
  const cwd = temporaryDirectory();
  const few = ['--max-updates', '4', '--set', 'replay.minSize=200', '--set', 'evaluation.episodes=1'];
  const trained = await qfleet(['train', 'cartpole', '--single', '--run-dir', 'cartpole', ...few], { cwd });
  expect(trained, trained.stderr).toMatchObject({ code: 0 });
  expect(readdirSync(cwd)).toEqual(['cartpole']);
});

describe('qfleet train --single', { timeout: 120_000 }, () => {
  it.each(['cartpole', 'cliffwalking'])('learns the same from the same seed: %s', async (preset) => {
    const [first, second, other] = await Promise.all([
      train(preset, ...small, '--seed', '1'),
      train(preset, ...small, '--seed', '1'),
      train(preset, ...small, '--seed', '2'),
    ]);
    expect(first['weightsHash']).toMatch(/^[0-9a-f]{64}$/);
    expect(second['weightsHash']).toBe(first['weightsHash']);
    expect(second['evaluation']).toEqual(first['evaluation']);
    expect(other['weightsHash']).not.toBe(first['weightsHash']);
  });

  it.skipIf(process.platform !== 'linux' || availableParallelism() < 2)(
    'learns the same on one core and on two: convolutions',
    async () => {
      const cwd = temporaryDirectory();
      await writeFile(join(cwd, 'env.ts'), image);
      const settings = [
        ...[
          'agent.network.kind=nature-cnn',
          'agent.network.hidden=[64]',
          'agent.batchSize=128',
          'replay.minSize=128',
          'fleet.slots=2',
        ],
        ...['fleet.actors=1', 'evaluation.episodes=1'],
      ].flatMap((setting) => ['--set', setting]);
      const command = ['train', 'env.ts', '--single', '--json', '--max-updates', '8', ...settings];
      const [one, two] = await Promise.all(
        ['0', '0,1'].map((cores) => {
          const run = start([...command, '--run-dir', cores], { cwd });
          // Before it has loaded anything.
          const { status } = spawnSync('taskset', ['-a', '-c', '-p', cores, String(run.child.pid)]);
          expect(status).toBe(0);
          return run.ended;
        }),
      );
      expect(two.code, two.stderr).toBe(0);
      expect(JSON.parse(one.stdout).weightsHash).toBe(JSON.parse(two.stdout).weightsHash);
    },
  );

  it('solves CliffWalking, says so, and eval plays the best checkpoint', async () => {
    const cwd = temporaryDirectory();
    const { code, stdout } = await qfleet(['train', 'cliffwalking', '--single', '--run-dir', 'run'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Solved: greedy return -13\.0 ± 0\.0 over 20 episodes\.$/m);
    expect(stdout).toContain('Run directory: run');
    expect(stdout).toContain('qfleet eval run');
    expect(readFileSync(join(cwd, 'run', 'curve.svg'), 'utf8')).toMatch(/^<svg/);
    const played = await qfleet(['eval', 'run', '--episodes', '3', '--json'], { cwd });
    expect(JSON.parse(played.stdout)).toEqual({ returns: [-13, -13, -13], mean: -13, std: 0 });
    expect((await qfleet(['eval', 'run'], { cwd })).stdout).toMatch(/^-13\.0 ± 0\.0 over 20 greedy episodes/);
  });

  it('ends with a checkpoint at Ctrl-C, and resume goes on', async () => {
    const cwd = temporaryDirectory();
    const endless = ['--set', 'stop.solvedReturn=null', '--max-updates', '100000000', '--run-dir', 'run'];
    const interrupted = async (
      args: readonly string[],
    ): Promise<{ updates: number; trainingSeconds: number }> => {
      const run = start(args, { cwd });
      await until(run, () => / [1-9][\d,]+ updates /.test(run.output.stdout), 'it trains');
      run.child.kill('SIGINT');
      const { code, stdout } = await run.ended;
      expect(code).toBe(0);
      expect(stdout).toContain('qfleet resume run');
      expect(readFileSync(join(cwd, 'run', 'curve.svg'), 'utf8')).toMatch(/^<svg/);
      rmSync(join(cwd, 'run', 'curve.svg'));
      return JSON.parse(readFileSync(join(cwd, 'run', 'summary.json'), 'utf8'));
    };
    const first = await interrupted(['train', 'cliffwalking', '--single', ...endless]);
    expect(first.updates).toBeGreaterThan(0);
    const second = await interrupted(['resume', 'run']);
    expect(second.updates).toBeGreaterThan(first.updates);
    expect(second.trainingSeconds).toBeGreaterThan(first.trainingSeconds);
  });

  it('tells the last weights from the best, counts all steps, and evaluates as often as it is told to', async () => {
    const cwd = temporaryDirectory();
    const every = ['evaluation.every=48', 'learner.checkpointEvery=1000'].flatMap((set) => ['--set', set]);
    const run = async (updates: string) => {
      const command = [
        'train',
        'cliffwalking',
        ...small,
        ...every,
        '--max-updates',
        updates,
        '--run-dir',
        updates,
      ];
      const { stdout } = await qfleet(command, { cwd });
      const rows = readFileSync(join(cwd, updates, 'metrics.jsonl'), 'utf8')
        .trimEnd()
        .split('\n');
      return {
        summary: JSON.parse(stdout) as Record<string, unknown>,
        rows: rows.map((line) => JSON.parse(line) as { steps: number; evaluation?: { updates: number } }),
      };
    };
    const [shorter, longer] = await Promise.all([run('192'), run('200')]);
    expect(longer.summary['weightsHash']).not.toBe(shorter.summary['weightsHash']);
    expect(longer.summary['bestWeightsHash']).toMatch(/^[0-9a-f]{64}$/);
    const evaluated = longer.rows.flatMap(({ evaluation }) => evaluation?.updates ?? []);
    expect(evaluated).toEqual([48, 96, 144, 192, 200]);
    expect(longer.summary['envSteps']).toBe(longer.rows.at(-1)!.steps);
  });

  it('stops at a budget of environment steps', async () => {
    const summary = await train(
      'cliffwalking',
      ...small,
      '--max-steps',
      '600',
      '--set',
      'stop.maxUpdates=null',
    );
    expect(summary).toMatchObject({ stopReason: 'maxSteps' });
    expect(summary['envSteps']).toBeGreaterThanOrEqual(600);
  });

  it('names environment, slot and step of an observation that is NaN', async () => {
    const cwd = temporaryDirectory();
    await writeFile(join(cwd, 'env.ts'), nanAtStep7);
    const { code, stdout, stderr } = await qfleet(['train', 'env.ts', '--single', '--json'], { cwd });
    expect(stderr).toMatch(/^error: Environment Nan-v0, slot 0, episode 1, step 7: .* is NaN/m);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({ error: expect.stringMatching(/^Environment Nan-v0, slot 0/) });
  });

  it('ends with one sentence where training diverges, and keeps the last finite checkpoint', async () => {
    const cwd = temporaryDirectory();
    await writeFile(join(cwd, 'env.ts'), hugeRewards);
    const command = ['train', 'env.ts', '--single', '--max-updates', '20000', '--run-dir', 'run', '--json'];
    const { code, stdout, stderr } = await qfleet([...command, ...diverging], { cwd });
    expect(stderr.match(/^error: .*/gm)).toEqual([
      expect.stringMatching(
        /^error: Training diverged at update \d+: \S+ is no longer finite \(loss .*; set agent\.loss=huber, .*\.$/,
      ),
    ]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ stopReason: 'failed', evaluation: null });
    expect(JSON.parse(stdout).updates).toBeGreaterThan(0);
    expect((await qfleet(['eval', 'run', '--episodes', '1', '--json'], { cwd })).code).toBe(0);
  });

  it('names a checkpoint that was cut short, and goes on from the one before', async () => {
    const cwd = temporaryDirectory();
    const checkpoints = ['--set', 'learner.checkpointEvery=50', '--set', 'evaluation.every=50'];
    await qfleet(['train', 'cliffwalking', ...small, ...checkpoints, '--run-dir', 'run'], { cwd });
    const directory = join(cwd, 'run', 'checkpoints');
    const [newest] = readdirSync(directory)
      .filter((name) => /^\d/.test(name))
      .sort()
      .reverse();
    for (const name of [newest, 'best.safetensors']) truncateSync(join(directory, name), 100);
    const played = await qfleet(['eval', 'run'], { cwd });
    const passedOver = /^The checkpoint .*best\.safetensors can't be read: .* It is passed over\.$/m;
    expect(played.stderr).toMatch(passedOver);
    expect(played.stdout).toMatch(/update 1\d\d, seed/);
    // A higher budget: the run is not finished any more.
    const config = join(cwd, 'run', 'config.yaml');
    writeFileSync(config, readFileSync(config, 'utf8').replace(/maxUpdates: 200/, 'maxUpdates: 304'));
    const resumed = await qfleet(['resume', 'run', '--json'], { cwd });
    expect(resumed.code).toBe(0);
    expect(resumed.stderr).toContain(`${newest} can't be read`);
    expect(JSON.parse(resumed.stdout)).toMatchObject({ updates: 304 });
  });

  it('says which goal was reached and which was not, and that there is nothing to resume', async () => {
    const cwd = temporaryDirectory();
    await writeFile(join(cwd, 'env.ts'), alwaysFive);
    const goal = ['--set', 'stop.solvedReturn=6', '--max-updates', '80'];
    const trained = await qfleet(['train', 'env.ts', '--single', ...goal, '--run-dir', 'a run'], { cwd });
    expect(trained.stdout).toMatch(
      /^Solved: .* \(Five-v0 is solved at 4; stop\.solvedReturn 6 was not reached\)\.$/m,
    );
    expect(trained.stdout).toContain("qfleet eval 'a run' --episodes 100");
    const before = readdirSync(join(cwd, 'a run'));
    const resumed = await qfleet(['resume', 'a run'], { cwd });
    expect(resumed.stdout).toMatch(/^a run is finished already \(stop\.maxUpdates is reached\)/);
    expect(resumed.stdout).toContain("qfleet resume 'a run' --max-updates 160");
    expect(resumed.code).toBe(0);
    expect(readdirSync(join(cwd, 'a run'))).toEqual(before);
  });

  it('has no fleet to watch', async () => {
    const cwd = temporaryDirectory();
    await qfleet(['train', 'cliffwalking', ...small, '--run-dir', 'run'], { cwd });
    const { code, stderr } = await qfleet(['top', 'run'], { cwd });
    expect(stderr).toMatch(/in one process/);
    expect(code).toBe(2);
  });
});
