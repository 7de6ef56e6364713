import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isRunning } from './support/is-running.ts';
import {
  diverging,
  hugeRewards,
  nanAtStep7,
  qfleet,
  type Started,
  start,
  temporaryDirectory,
  until,
} from './support/qfleet.ts';
import { startRedis } from './support/redis.ts';

/** What `qfleet top --json` says, as far as these tests look. */
interface Fleet {
  readonly phase: string;
  readonly totals: Readonly<Record<string, number>>;
  readonly actors: readonly { readonly id: string; readonly pid: number; readonly slots: number }[];
  readonly learners: readonly { readonly pid: number; readonly updates: number }[];
  readonly evaluators: readonly { readonly pid: number }[];
  readonly exporters: readonly { readonly pid: number; readonly port: number }[];
}

/** Tabular, so that thousands of updates take seconds; only its budget ends it. */
const endless = [
  'train',
  'cliffwalking',
  '--set',
  'stop.solvedReturn=null',
  '--set',
  'learner.checkpointEvery=500',
];

const readJson = <T>(...path: string[]): T => JSON.parse(readFileSync(join(...path), 'utf8')) as T;

async function watch(directory: string): Promise<Fleet | null> {
  const { code, stdout } = await qfleet(['top', directory, '--json']);
  return code === 0 ? (JSON.parse(stdout) as Fleet) : null;
}

/** Reads the fleet until it is as wanted. @throws with the run's output where it never is. */
async function watchUntil(
  run: Started,
  directory: string,
  wanted: (fleet: Fleet) => boolean,
): Promise<Fleet> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const fleet = existsSync(join(directory, 'launch.json')) ? await watch(directory) : null;
    if (fleet !== null && wanted(fleet)) return fleet;
    if (Date.now() > deadline || run.child.exitCode !== null) {
      throw new Error(`The fleet never was as wanted: ${JSON.stringify(fleet)}\n${run.output.stderr}`);
    }
  }
}

const pidsOf = ({ actors, learners, evaluators, exporters }: Fleet): number[] =>
  [...actors, ...learners, ...evaluators, ...exporters].map(({ pid }) => pid);

const training = (fleet: Fleet): boolean =>
  fleet.phase === 'running' &&
  fleet.evaluators.length === 1 &&
  fleet.exporters.length === 1 &&
  fleet.actors.length === 2 &&
  fleet.learners.some(({ updates }) => updates > 1_000);

describe('a local fleet', { timeout: 180_000 }, () => {
  it('trains, is measured, evaluates and leaves a whole run directory', async () => {
    const directory = join(temporaryDirectory(), 'run');
    const sets = ['learner.checkpointEvery=400', 'evaluation.every=400', 'stop.solvedReturn=null'];
    const run = start([
      ...['train', 'cartpole', '--run-dir', directory, '--seed', '3', '--max-updates', '1200', '--json'],
      ...sets.flatMap((set) => ['--set', set]),
    ]);
    await until(run, () => /Metrics: http\S+/.test(run.output.stderr), 'the exporter serves');
    const [address] = /http\S+/.exec(run.output.stderr)!;
    const metrics = await (await fetch(address)).text();
    expect(metrics).toMatch(/^qfleet_\w+(\{.*\})? \d/m);

    const { code, stdout, stderr } = await run.ended;
    expect(stderr).not.toContain('error');
    expect(code).toBe(0);
    const summary = JSON.parse(stdout);
    expect(summary).toMatchObject({
      environment: 'CartPole-v1',
      seed: 3,
      updates: 1200,
      stopReason: 'maxUpdates',
      restarts: 0,
      weightsHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(summary.envSteps).toBeGreaterThan(1_000);
    expect(summary.evaluation.returns).toHaveLength(20);
    const { runDirectory, ...written } = summary;
    expect(runDirectory).toBe(directory);
    expect(readJson(directory, 'summary.json')).toEqual(written);
    expect(readFileSync(join(directory, 'curve.svg'), 'utf8')).toMatch(/^<svg/);
    const evaluations = readFileSync(join(directory, 'metrics.jsonl'), 'utf8').match(/"evaluation":/g);
    // One at each third, or a little before it: a checkpoint that training would have to wait for is begun early.
    expect([3, 4]).toContain(evaluations?.length);

    // The same checkpoint on the same episodes gives what the summary says.
    const again = await qfleet(['eval', directory, '--seed', String(summary.evaluation.seed), '--json']);
    const { returns, mean, std } = summary.evaluation;
    expect(JSON.parse(again.stdout)).toEqual({ returns, mean, std });
  });

  it('replaces an actor that is killed, and loses no count', async () => {
    const directory = join(temporaryDirectory(), 'run');
    const run = start([...endless, '--run-dir', directory, '--max-updates', '10000000', '--json']);
    const before = await watchUntil(run, directory, training);
    process.kill(before.actors[0].pid, 'SIGKILL');
    const after = await watchUntil(
      run,
      directory,
      ({ actors }) =>
        actors.length === 2 && actors.every(({ id, slots }) => id !== before.actors[0].id && slots > 0),
    );
    expect(after.totals['actorRestarts']).toBe(1);
    for (const [name, total] of Object.entries(before.totals)) {
      expect(after.totals[name], name).toBeGreaterThanOrEqual(total);
    }
    run.child.kill('SIGINT');
    const { code, stdout } = await run.ended;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ restarts: 1 });
  });

  it('ends cleanly at Ctrl-C, and resume goes on to the end', async () => {
    const directory = join(temporaryDirectory(), 'run');
    const run = start([...endless, '--run-dir', directory, '--max-updates', '60000']);
    const fleet = await watchUntil(run, directory, training);
    run.child.kill('SIGINT');
    const interrupted = await run.ended;
    expect(interrupted.stdout).toContain(`qfleet resume ${directory}`);
    expect(interrupted.code).toBe(0);
    expect(pidsOf(fleet).filter(isRunning)).toEqual([]);
    const first = readJson<Record<string, number>>(directory, 'summary.json');
    expect(first).toMatchObject({ stopReason: 'interrupted', evaluation: null });
    expect(readFileSync(join(directory, 'curve.svg'), 'utf8')).toMatch(/^<svg/);
    expect(first['updates']).toBeGreaterThan(1_000);

    const resumed = start(['resume', directory, '--json']);
    const { code, stdout } = await resumed.ended;
    expect(code).toBe(0);
    const second = JSON.parse(stdout);
    expect(second).toMatchObject({ stopReason: 'maxUpdates', updates: 60_000 });
    // The replay and its counts came back with the Redis of the run.
    expect(second.envSteps).toBeGreaterThan(first['envSteps']);
    expect(second.trainingSeconds).toBeGreaterThan(first['trainingSeconds']);
    const rows = readFileSync(join(directory, 'metrics.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map(
        (line) => JSON.parse(line) as { updates: number; steps: number; evaluation?: { updates: number } },
      );
    const updates = rows.map((row) => row.updates);
    expect(updates).toEqual(updates.toSorted((a, b) => a - b));
    expect(second.envSteps).toBeGreaterThanOrEqual(rows.at(-1)!.steps);
    // Redis still has the evaluations of the first session.
    const evaluated = rows.flatMap(({ evaluation }) => evaluation?.updates ?? []);
    expect(evaluated).toEqual([...new Set(evaluated)]);
  });

  it('trains on while it cannot be looked at', async () => {
    const server = await startRedis();
    const redis = new Redis(server.socket);
    onTestFinished(async () => {
      redis.disconnect();
      await server.stop();
    });
    const directory = join(temporaryDirectory(), 'run');
    const options = ['--run-dir', directory, '--redis', `unix://${server.socket}`, '--json'];
    const run = start([...endless, ...options, '--max-updates', '10000000']);
    await watchUntil(run, directory, training);
    // Nobody but a look at the fleet asks for it then.
    await redis.call('ACL', 'SETUSER', 'default', '-info');
    await until(run, () => run.output.stderr.includes("can't be looked at"), 'it says so');
    await redis.call('ACL', 'SETUSER', 'default', '+info');
    await until(run, () => run.output.stderr.includes('can be looked at again'), 'it says so');
    await watchUntil(run, directory, training);
    run.child.kill('SIGINT');
    const { stdout, stderr } = await run.ended;
    expect(stderr.match(/can't be looked at, and trains on: NOPERM/g)).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({ stopReason: 'interrupted', restarts: 0 });
  });

  it.each(['gone', 'hung'])('ends at Ctrl-C while Redis is %s', async (how) => {
    const server = await startRedis();
    onTestFinished(() => server.kill());
    const directory = join(temporaryDirectory(), 'run');
    const options = ['--run-dir', directory, '--redis', `unix://${server.socket}`, '--json'];
    const run = start([...endless, ...options, '--max-updates', '10000000']);
    const fleet = await watchUntil(run, directory, training);
    if (how === 'gone') {
      await server.kill();
      await until(run, () => run.output.stderr.includes('Redis is away ('), 'it says so');
    } else {
      server.hang();
    }
    run.child.kill('SIGINT');
    const { code, stdout, stderr } = await run.ended;
    expect(pidsOf(fleet).filter(isRunning)).toEqual([]);
    expect(stderr).toContain('Redis is away: it may say that the run goes on, until it is resumed.');
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ stopReason: 'interrupted' });
  });

  it('fails at once, with the reason, where an environment breaks its contract', async () => {
    const cwd = temporaryDirectory();
    await writeFile(join(cwd, 'env.ts'), nanAtStep7);
    const { code, stdout, stderr } = await qfleet(['train', 'env.ts', '--run-dir', 'run', '--json'], { cwd });
    expect(stderr).toMatch(/^error: Environment Nan-v0, slot \d+, episode 1, step 7: .* is NaN/m);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ stopReason: 'failed', updates: 0, evaluation: null });
  });

  it('fails once, with the reason, where training diverges, and keeps the last finite checkpoint', async () => {
    const cwd = temporaryDirectory();
    await writeFile(join(cwd, 'env.ts'), hugeRewards);
    const command = ['train', 'env.ts', '--max-updates', '1000000', '--run-dir', 'run', '--json'];
    const { code, stdout, stderr } = await qfleet([...command, ...diverging], { cwd });
    expect(stderr).toMatch(
      /^error: Training diverged at update \d+: [^\n]*; set agent\.loss=huber, [^\n]*\.$/m,
    );
    expect(stderr).not.toMatch(/again|cannot start/);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ stopReason: 'failed', restarts: 0 });
    expect((await qfleet(['eval', 'run', '--episodes', '1', '--json'], { cwd })).code).toBe(0);
  });

  it('is gone at once after a second Ctrl-C', async () => {
    const directory = join(temporaryDirectory(), 'run');
    const run = start([...endless, '--run-dir', directory, '--max-updates', '10000000']);
    const fleet = await watchUntil(run, directory, training);
    // A learner that does not drain holds the end up.
    process.kill(fleet.learners[0].pid, 'SIGSTOP');
    run.child.kill('SIGINT');
    await until(run, () => run.output.stdout.includes('Ending'), 'it says that it ends');
    // What comes within half a second is the same Ctrl-C, passed on by npm.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    run.child.kill('SIGINT');
    expect((await run.ended).code).toBe(1);
    await expect.poll(() => pidsOf(fleet).filter(isRunning), { timeout: 30_000 }).toEqual([]);
  });
});
