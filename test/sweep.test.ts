import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { loadRunConfig } from '@qfleet/config';
import { RunDirectory } from '@qfleet/report';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { qfleet, type Started, start, temporaryDirectory, until } from './support/qfleet.ts';
import { startRedis } from './support/redis.ts';

const UPDATES = 12_000;

/** Runs of some seconds, which may be killed in their midst. */
const args = [
  ...['sweep', 'cliffwalking', '--dir', 'sweep', '--json'],
  ...[
    `stop.maxUpdates=${UPDATES}`,
    'stop.solvedReturn=null',
    'learner.checkpointEvery=500',
    'evaluation.every=8000',
    'evaluation.episodes=2',
  ].flatMap((field) => ['--set', field]),
];

/** What a sweep's directory says. */
class Sweep {
  readonly path: string;

  constructor(cwd: string) {
    this.path = join(cwd, 'sweep');
  }

  /** The contents of the results' files by their names. */
  results(): Record<string, string> {
    const files = globSync(join(this.path, 'results', '*.json'));
    return Object.fromEntries(files.map((file) => [basename(file), readFileSync(file, 'utf8')]));
  }

  /** The processes that train a cell which has a checkpoint. */
  training(): { readonly cell: string; readonly pid: number; readonly run: string }[] {
    const runs = globSync(join(this.path, 'cells', '*', 'run.json'));
    return runs.flatMap((file) => {
      const path = join(file, '..');
      const session = RunDirectory.session(path);
      const checkpoints = join(path, 'checkpoints');
      if (session?.life !== 'living' || !existsSync(checkpoints)) return [];
      const isSaved = readdirSync(checkpoints).some((name) => /^\d+\.safetensors$/.test(name));
      return isSaved ? [{ cell: basename(path), pid: session.pid, run: RunDirectory.open(path).run }] : [];
    });
  }

  /** How often each cell was begun, and how often it went on. */
  starts(): { begun: number[]; resumed: number } {
    const logs = globSync(join(this.path, 'logs', '*.log')).map((file) => readFileSync(file, 'utf8'));
    const count = (word: RegExp) => logs.map((log) => log.match(word)?.length ?? 0);
    return { begun: count(/^Training /gm), resumed: count(/^Resuming /gm).reduce((sum, n) => sum + n, 0) };
  }
}

interface Document {
  readonly isFinished: boolean;
  readonly failed: number;
  readonly settings: {
    readonly runs: { readonly cell: string; readonly updates: number; readonly last: number }[];
  }[];
  readonly best: { readonly setting: Record<string, number>; readonly config: string } | null;
}

function expectFinished(stdout: string, cells: number): Document {
  const document = JSON.parse(stdout) as Document;
  expect(document).toMatchObject({ isFinished: true, failed: 0 });
  const runs = document.settings.flatMap((setting) => setting.runs);
  expect(new Set(runs.map(({ cell }) => cell)).size).toBe(cells);
  expect(runs).toHaveLength(cells);
  for (const run of runs) {
    expect(run.updates).toBe(UPDATES);
    expect(run.last).toBeTypeOf('number');
  }
  return document;
}

async function aTraining(sweep: Sweep, command: Started, besides?: string) {
  const there = () => sweep.training().filter(({ cell }) => cell !== besides);
  await until(command, () => there().length > 0, 'a cell is trained');
  return there()[0];
}

/** SIGKILL to the server behind a socket. */
async function killRedis(socket: string): Promise<void> {
  const redis = new Redis(socket, { retryStrategy: () => null });
  redis.on('error', () => undefined);
  const pid = Number(/^process_id:(\d+)/m.exec(await redis.info('server'))![1]);
  redis.disconnect();
  process.kill(pid, 'SIGKILL');
}

describe('a sweep', { timeout: 240_000 }, () => {
  it('trains each cell once, though its Redis and a run are killed, then all of it, and then it is interrupted', async () => {
    const cwd = temporaryDirectory();
    const sweep = new Sweep(cwd);
    const four = [...args, '--seeds', '1..2', '--set', 'agent.learningRate=0.1,0.5', '--workers', '2'];
    const first = start(four, { cwd });
    const struck = await aTraining(sweep, first);
    await killRedis(join(sweep.path, 'redis', 'redis.sock'));
    process.kill(struck.pid, 'SIGKILL');
    await until(first, () => Object.keys(sweep.results()).length > 0, 'a cell has ended');
    first.child.kill('SIGKILL');
    await first.ended;
    // Its runs take a checkpoint and end.
    await expect.poll(() => sweep.training(), { timeout: 30_000 }).toEqual([]);

    const second = start(four, { cwd });
    // A run that the first one had just started may end only now.
    await until(second, () => second.output.stderr.includes('Going on with'), 'it works');
    await aTraining(sweep, second);
    second.child.kill('SIGINT');
    const interrupted = await second.ended;
    expect(interrupted.code, interrupted.stderr).toBe(0);
    expect(sweep.training()).toEqual([]);
    const before = sweep.results();

    const last = await qfleet(four, { cwd });
    expect(last.code, last.stderr).toBe(0);
    const { best } = expectFinished(last.stdout, 4);
    expect(sweep.results()).toMatchObject(before);
    const { begun, resumed } = sweep.starts();
    expect(begun).toEqual([1, 1, 1, 1]);
    expect(resumed).toBeGreaterThanOrEqual(1);
    expect(RunDirectory.open(join(sweep.path, 'cells', struck.cell)).run).toBe(struck.run);

    const { agent, stop } = loadRunConfig({ file: best!.config });
    expect(agent.learningRate).toBe(best!.setting['agent.learningRate']);
    expect(stop.maxUpdates).toBe(UPDATES);

    const again = await qfleet(['sweep', 'sweep', '--csv'], { cwd });
    expect(again.stdout.trim().split('\n')).toHaveLength(3);
    expect(sweep.starts()).toEqual({ begun, resumed });
  });

  it('tells its cells and how long it takes, by a trial, and makes nothing', async () => {
    const cwd = temporaryDirectory();
    const trial = [...args, '--seeds', '1..3', '--set', 'stop.maxSeconds=0.5', '--workers', '1', '--dry-run'];
    const { code, stdout, stderr } = await qfleet(trial, { cwd });
    expect(code, stderr).toBe(0);
    const { cells, estimate } = JSON.parse(stdout);
    expect(cells.map(({ seed }: { seed: number }) => seed)).toEqual([1, 2, 3]);
    // Three runs of half a second at least.
    expect(estimate.seconds).toBeGreaterThan(1);
    expect(estimate.how).toMatch(/^by a trial of the first cell/);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('is shared by commands over one Redis, of which one is killed', async () => {
    const server = await startRedis();
    onTestFinished(() => server.stop());
    const cwd = temporaryDirectory();
    const sweep = new Sweep(cwd);
    const shared = [...args, '--seeds', '1..3', '--workers', '1', '--redis', `unix://${server.socket}`];
    const one = start(shared, { cwd });
    const { cell } = await aTraining(sweep, one);
    const other = start(shared, { cwd });
    await aTraining(sweep, other, cell);
    one.child.kill('SIGKILL');
    const { code, stdout, stderr } = await other.ended;
    expect(code, stderr).toBe(0);
    expectFinished(stdout, 3);
    expect(sweep.starts().begun).toEqual([1, 1, 1]);
    const redis = new Redis(server.socket);
    onTestFinished(() => redis.disconnect());
    expect(await redis.keys('*')).toEqual([]);
  });
});
