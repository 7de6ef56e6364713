import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadRunConfig } from '@qfleet/config';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import {
  defaultRunPath,
  LockedError,
  type MetricsRow,
  markLatest,
  RunDirectory,
  RunDirectoryError,
  type RunSummary,
  writeFileAtomically,
} from '../src/index.ts';
import { type Holder, thisProcess } from '../src/lock-holder.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qfleet-report-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const config = loadRunConfig({ preset: 'cartpole' });
const create = (name = 'run') => RunDirectory.create(join(folder, name), 'r1', config);

const row = (i: number, more: Partial<MetricsRow> = {}): MetricsRow => ({
  time: i,
  steps: 100 * i,
  updates: 50 * i,
  episodes: i,
  meanReturn: i === 0 ? null : 20 + i,
  returnStd: i === 0 ? null : 5,
  epsilon: 0.5,
  loss: i === 0 ? null : 1 / i,
  meanAbsTdError: 0.1,
  meanQ: 10,
  replayTransitions: 100 * i,
  ...more,
});

const summary: RunSummary = {
  run: 'r1',
  name: 'cartpole',
  environment: 'CartPole-v1',
  seed: 3,
  versions: { qfleet: '0.1.0', node: '24.0.0', tensorflow: null, runtime: 'wasm' },
  envSteps: 1000,
  updates: 500,
  wallSeconds: 12.5,
  trainingSeconds: 10,
  stopReason: 'solved',
  solved: true,
  evaluation: { episodes: 2, returns: [490, 500], mean: 495, std: 5, seed: 1 },
  best: { updates: 400, mean: 500 },
  weightsHash: 'ab'.repeat(32),
  changes: [],
  restarts: 0,
};

describe('a run directory', () => {
  it('gives back what it was made with', () => {
    const made = create('deep/er/run');
    const opened = RunDirectory.open(made.path);
    expect(opened.run).toBe('r1');
    expect(opened.config).toEqual(config);
    expect(readdirSync(made.path).sort()).toEqual(['checkpoints', 'config.yaml', 'run.json']);
    expect(opened.checkpoints).toBe(join(made.path, 'checkpoints'));
  });

  it('is never made where something is', () => {
    create('run');
    expect(() => create('run')).toThrow(/holds a run already: resume that/);
    writeFileSync(join(folder, 'file'), '');
    expect(() => create('file')).toThrow(RunDirectoryError);
    expect(() => RunDirectory.create(folder, 'r1', config)).toThrow(/is not empty/);
    expect(() => RunDirectory.create('/proc/x', 'r1', config)).toThrow(
      /\/proc\/x cannot be made a run directory/,
    );
  });

  it('says why it cannot be opened', () => {
    expect(() => RunDirectory.open(join(folder, 'none'))).toThrow(/^There is no directory /);
    expect(() => RunDirectory.open(folder)).toThrow(/is no run directory: it has no run\.json/);
    const { path } = create();
    const about = join(path, 'run.json');
    writeFileSync(about, JSON.stringify({ format: 2, run: 'r1', createdAt: '' }));
    expect(() => RunDirectory.open(path)).toThrow(/newer Qfleet \(layout 2, this one reads up to 1\)/);
    writeFileSync(about, '{"format": 1');
    expect(() => RunDirectory.open(path)).toThrow(/run\.json is not JSON: it was cut short/);
    writeFileSync(about, '{"format": 1}');
    expect(() => RunDirectory.open(path)).toThrow(/run\.json is not what Qfleet writes: run: /);
    writeFileSync(about, JSON.stringify({ format: 1, run: 'r1', createdAt: '' }));
    writeFileSync(join(path, 'config.yaml'), 'seed: -1\n');
    expect(() => RunDirectory.open(path)).toThrow(ConfigError);
  });

  it('keeps a summary', () => {
    const directory = create();
    expect(directory.readSummary()).toBeNull();
    directory.writeSummary(summary);
    expect(RunDirectory.open(directory.path).readSummary()).toEqual(summary);
    expect(() => directory.writeSummary({ ...summary, weightsHash: 'no' })).toThrow();
    expect(directory.readSummary()).toEqual(summary);
  });
});

describe('metrics', () => {
  it('are read in the order they were written, over sessions', () => {
    const directory = create();
    expect(directory.readMetrics()).toEqual([]);
    const rows = [row(0), row(1, { evaluation: { updates: 50, mean: 1, std: 0, episodes: 20 } }), row(2)];
    directory.appendMetrics(rows[0]);
    directory.appendMetrics(rows[1]);
    const again = RunDirectory.open(directory.path);
    again.appendMetrics(rows[2]);
    expect(again.readMetrics()).toEqual(rows);
  });

  it('survive a last line that was cut at any byte', () => {
    const directory = create();
    const file = join(directory.path, 'metrics.jsonl');
    directory.appendMetrics(row(0));
    const whole = readFileSync(file, 'utf8');
    const next = `${JSON.stringify(row(1))}\n`;
    for (let length = 1; length < next.length; length += 7) {
      writeFileSync(file, whole + next.slice(0, length));
      const opened = RunDirectory.open(directory.path);
      expect(opened.readMetrics()).toEqual([row(0)]);
      opened.appendMetrics(row(2));
      expect(opened.readMetrics()).toEqual([row(0), row(2)]);
    }
  });

  it('forgets the metrics of updates that are trained again', () => {
    const directory = create();
    for (const i of [0, 1, 2, 3]) directory.appendMetrics(row(i));
    directory.keepMetricsUpTo(100);
    expect(directory.readMetrics()).toEqual([row(0), row(1), row(2)]);
    directory.appendMetrics(row(4));
    directory.keepMetricsUpTo(1000);
    expect(directory.readMetrics()).toEqual([row(0), row(1), row(2), row(4)]);
    directory.keepMetricsUpTo(-1);
    expect(directory.readMetrics()).toEqual([]);
  });

  it('survive lines that were cut while the disk was full, and writing that went on behind them', () => {
    const directory = create();
    const file = join(directory.path, 'metrics.jsonl');
    const line = (time: number): string => JSON.stringify(row(time));
    const text = `${line(0)}\n${line(1).slice(0, 30)}${line(2)}\n\0\0\0\n${line(3).slice(0, 60)}\n${line(4)}`;
    writeFileSync(file, text);
    const rows = [row(0), row(2), row(4)];
    expect(directory.readMetrics()).toEqual(rows);
    expect(directory.mendMetrics()).toBe(3);
    expect(readFileSync(file, 'utf8')).toBe(`${line(0)}\n${line(2)}\n${line(4)}\n`);
    expect(directory.mendMetrics()).toBe(0);
    directory.appendMetrics(row(5));
    expect(directory.readMetrics()).toEqual([...rows, row(5)]);
  });
});

describe('the lock', () => {
  /** A process that lives until it is killed. */
  async function bystander(): Promise<ChildProcess & { pid: number }> {
    const child = spawn(process.execPath, ['-e', 'console.log(); setInterval(() => {}, 1e9)']);
    await once(child.stdout, 'data');
    return child as ChildProcess & { pid: number };
  }

  const lockedBy = (directory: RunDirectory, holder: Partial<Holder>) =>
    writeFileSync(join(directory.path, 'lock'), JSON.stringify({ host: hostname(), ...holder }));

  it('is held by one', async () => {
    const directory = create();
    {
      using first = RunDirectory.open(directory.path);
      await first.lock();
      await first.lock();
      await expect(directory.lock()).rejects.toThrow(`is in use by process ${process.pid}: stop that first`);
    }
    await directory.lock();
    directory.unlock();
    expect(readdirSync(directory.path)).not.toContain('lock');
  });

  it('goes to one of those that come at once, before there is a run', async () => {
    const path = join(folder, 'new');
    const claims = await Promise.allSettled(Array.from({ length: 8 }, () => RunDirectory.claim(path)));
    const [claim, ...more] = claims.flatMap((it) => (it.status === 'fulfilled' ? [it.value] : []));
    expect(more).toEqual([]);
    for (const it of claims) if (it.status === 'rejected') expect(it.reason).toBeInstanceOf(LockedError);
    using directory = create('new');
    expect(directory.path).toBe(path);
    claim.release();
    (await RunDirectory.claim(path)).release();
    expect(readdirSync(path)).not.toContain('session.lock');
  });

  it('of a living process is respected, of a dead one taken over', async () => {
    const directory = create();
    const child = await bystander();
    lockedBy(directory, { pid: child.pid });
    await expect(directory.lock()).rejects.toThrow(`is in use by process ${child.pid}`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await directory.lock();
    expect(JSON.parse(readFileSync(join(directory.path, 'lock'), 'utf8')).pid).toBe(process.pid);
    expect(readdirSync(directory.path).filter((name) => name.startsWith('lock'))).toEqual(['lock']);
  });

  it('of an earlier process with the same id is taken over, as in a container that was started again', async () => {
    const directory = create();
    lockedBy(directory, { pid: process.pid });
    await directory.lock();
    await expect(RunDirectory.open(directory.path).lock()).rejects.toThrow(
      `is in use by process ${process.pid}`,
    );
  });

  it('of a dead process whose id another one has now is taken over', async () => {
    const directory = create();
    const child = await bystander();
    onTestFinished(() => void child.kill('SIGKILL'));
    lockedBy(directory, { ...thisProcess(), pid: child.pid, began: '1' });
    await directory.lock();
  });

  it('of another host is respected while it is touched', async () => {
    const directory = create();
    lockedBy(directory, { pid: 1, host: 'elsewhere' });
    const said: string[] = [];
    let touched = 1;
    const touching = setInterval(() => utimesSync(join(directory.path, 'lock'), touched, touched++), 100);
    const locking = directory.lock({ onWait: (sentence) => said.push(sentence) });
    await expect(locking).rejects.toThrow('is in use by process 1 on elsewhere');
    clearInterval(touching);
    expect(said).toEqual([
      expect.stringMatching(/was last used by process 1 on elsewhere: waiting 15 seconds/),
    ]);
  });

  it('of another host, or another container, is taken over when it is not touched', async () => {
    const directories = [create('one'), create('other')];
    lockedBy(directories[0], { pid: 1, host: 'elsewhere' });
    // This host's name, and another container's process ids.
    lockedBy(directories[1], { pid: process.ppid, host: hostname(), ids: 'another start' });
    await Promise.all(directories.map((directory) => directory.lock()));
  });

  it('of who has lost a lease is taken over by who has it, alive or not', async () => {
    const directory = create();
    const child = await bystander();
    onTestFinished(() => void child.kill('SIGKILL'));
    lockedBy(directory, { pid: child.pid, fence: 3 });
    for (const fence of [null, 2, 3])
      await expect(directory.lock({ fence })).rejects.toThrow(`is in use by process ${child.pid}`);
    await directory.lock({ fence: 4 });
    await expect(RunDirectory.open(directory.path).lock()).rejects.toThrow('is in use by');
  });

  it('that is no lock is taken over', async () => {
    const directory = create();
    writeFileSync(join(directory.path, 'lock'), '');
    await directory.lock();
  });

  it('that someone else took over is not removed, and its holder hears of it', async () => {
    const path = join(folder, 'new');
    using claim = await RunDirectory.claim(path);
    const file = join(path, 'session.lock');
    writeFileSync(file, JSON.stringify({ pid: 1, host: 'elsewhere' }));
    if (!claim.lost.aborted) await once(claim.lost, 'abort');
    expect((claim.lost.reason as Error).message).toMatch(/new is no longer this process's/);
    claim.release();
    expect(existsSync(file)).toBe(true);
  });
});

describe('paths', () => {
  it('name the run, and sort by time', () => {
    const at = (time: string) => defaultRunPath('cartpole', 'V1StGXR8', new Date(time));
    expect(defaultRunPath('minatar/breakout', 'V1', new Date(0))).toBe(
      'runs/minatar-breakout-19700101-000000-V1',
    );
    expect(at('2026-01-02T03:04:05.678Z')).toBe(join('runs', 'cartpole-20260102-030405-V1StGXR8'));
    expect(at('2026-01-02T03:04:05Z') < at('2026-01-02T13:04:05Z')).toBe(true);
  });

  it('have a latest', () => {
    for (const name of ['one', 'two']) markLatest(create(name).path);
    expect(readlinkSync(join(folder, 'latest'))).toBe('two');
    expect(RunDirectory.open(join(folder, 'latest')).run).toBe('r1');
    expect(readdirSync(folder).sort()).toEqual(['latest', 'one', 'two']);
  });
});

describe('an atomic write', () => {
  it('replaces the whole file and leaves nothing beside it', () => {
    const file = join(folder, 'file');
    writeFileAtomically(file, 'long content');
    writeFileAtomically(file, new Uint8Array([104, 105]));
    expect(readFileSync(file, 'utf8')).toBe('hi');
    expect(() => writeFileAtomically(folder, 'x')).toThrow();
    expect(readdirSync(folder)).toEqual(['file']);
  });
});

describe('the curve', () => {
  const draw = async (rows: MetricsRow[], name = 'run') => {
    const directory = create(name);
    for (const each of rows) directory.appendMetrics(each);
    const file = await directory.drawCurve();
    return file === null ? null : readFileSync(file, 'utf8');
  };

  it('shows training, evaluations and the goal', async () => {
    const rows = Array.from({ length: 50 }, (_, i) =>
      row(
        i,
        i % 10 === 9 ? { evaluation: { updates: 50 * i - 100, mean: 30 + i, std: 2, episodes: 20 } } : {},
      ),
    );
    const svg = (await draw(rows))!;
    expect(svg).toMatch(/^<svg [^>]*xmlns=/);
    for (const text of ['CartPole-v1, seed 0', 'environment steps', 'updates', 'loss', 'solved at 495']) {
      expect(svg).toContain(text);
    }
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    // One point each, at the steps of its checkpoint: 100 steps for 50 updates.
    const points = [
      ...svg.matchAll(
        /aria-label="environment steps: ([\d.,k]+); return of an episode: (\d+); what: evaluation[^"]*" role="graphics-symbol" aria-roledescription="point"/g,
      ),
    ];
    expect(points.map(([, , mean]) => mean)).toEqual(['39', '49', '59', '69', '79']);
    expect(points.map(([, steps]) => steps)).toEqual(['700', '1700', '2700', '3700', '4700']);
  });

  it('is drawn from little', async () => {
    const bare = { meanReturn: null, returnStd: null, loss: null };
    const evaluation = { updates: 0, mean: 9, std: 0, episodes: 20 };
    for (const rows of [[row(1)], [row(1, { loss: null })], [row(0), row(1, { ...bare, evaluation })]]) {
      const svg = (await draw(rows, `run${rows.length}${rows[0].loss}`))!;
      expect(svg).toContain('environment steps');
      expect(svg.includes('loss')).toBe(rows.some(({ loss }) => loss !== null));
      expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    }
  });

  it('is not drawn from nothing', async () => {
    expect(await draw([])).toBeNull();
    expect(await draw([row(0)], 'other')).toBeNull();
  });

  it('stays small for a long run', async () => {
    const svg = await draw(Array.from({ length: 20_000 }, (_, i) => row(i + 1)));
    expect(svg!.length).toBeLessThan(100_000);
  });
});
