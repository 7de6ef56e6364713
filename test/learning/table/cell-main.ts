// Runs one cell in a process of its own, so that the CPU time of all that it starts is known: `cell-main.ts CELL PACE`,
// both in JSON. Prints its result as one line of JSON.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RunDirectory } from '@qfleet/report';
import { bestCheckpoint, EvaluationPlayer, heldOutSeed, latestCheckpoint, requestOf } from '@qfleet/training';
import {
  type Cell,
  configOf,
  keyOf,
  type Pace,
  type Recording,
  settingsOf,
  type TrainedCell,
} from './cell.ts';
import { playFixed } from './fixed-policy.ts';
import type { Judged, Result } from './results.ts';

/** Episodes by which weights are judged. */
const EPISODES = 100;

const cell = JSON.parse(process.argv[2]) as Cell;
const pace = JSON.parse(process.argv[3]) as Pace;
const config = configOf(cell, pace);

type Learned = Omit<
  Result,
  'key' | 'preset' | 'method' | 'name' | 'environment' | 'seed' | 'fixed' | 'cpu' | 'cores' | 'date'
>;

const learned = cell.kind === 'fixed' ? await fixed(cell.action) : await trained(cell);
const result: Result = {
  key: keyOf(cell, pace),
  preset: cell.preset,
  ...(cell.method === undefined ? {} : { method: cell.method }),
  environment: config.environment.id,
  seed: cell.seed,
  ...(cell.kind === 'trained' && cell.name !== undefined ? { name: cell.name } : {}),
  fixed: cell.kind === 'fixed' ? cell.name : null,
  ...learned,
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  date: new Date().toISOString().slice(0, 10),
};
process.stdout.write(`${JSON.stringify(result)}\n`);

async function fixed(action: number | null): Promise<Learned> {
  const judged = await playFixed(config, action, EPISODES);
  return {
    ...{ frames: 0, updates: 0, wallSeconds: null, cpuSeconds: null },
    ...{ last: judged, best: judged, curve: [], versions: { node: process.versions.node } },
  };
}

/** Trains by the command, into a directory that is removed again, and plays its last and its best weights. */
async function trained(cell: TrainedCell): Promise<Learned> {
  const { preset, method, fleet = false, recording } = cell;
  const folder = mkdtempSync(join(tmpdir(), 'qfleet-cell-'));
  const path = join(folder, 'run');
  try {
    const recorded = recording === undefined ? null : await record(cell, recording, folder);
    const settings = settingsOf(cell, pace).flatMap((setting) => ['--set', setting]);
    const before = childrenCpuSeconds();
    await command([
      'train',
      preset,
      '--run-dir',
      path,
      '--json',
      ...(method === undefined ? [] : ['--preset', method]),
      ...(fleet ? [] : ['--single']),
      ...(recorded === null ? [] : ['--offline', recorded]),
      ...settings,
    ]);
    const after = childrenCpuSeconds();
    const run = RunDirectory.open(path);
    const { envSteps, updates, trainingSeconds, versions, offline } = run.readSummary()!;
    const { last, best } = await judge(run);
    return {
      ...{ frames: envSteps, updates, wallSeconds: rounded(trainingSeconds) },
      ...(offline === undefined
        ? {}
        : { data: { transitions: offline.transitions, meanReturn: rounded(offline.meanReturn!) } }),
      cpuSeconds: before === null || after === null ? null : rounded(after - before),
      ...{ last, best, curve: curveOf(run), versions },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Records, into a folder, what a cell learns from. @returns the directory of the run that played it. */
async function record(
  { preset, seed }: TrainedCell,
  { policy, play }: Recording,
  folder: string,
): Promise<string> {
  const [learner, player] = [join(folder, 'policy'), join(folder, 'player')];
  const run = (path: string, settings: readonly string[], ...options: string[]): Promise<void> =>
    command([
      ...['train', preset, '--single', '--run-dir', path, '--json', ...options],
      ...[`seed=${seed}`, ...settings].flatMap((setting) => ['--set', setting]),
    ]);
  await run(learner, policy);
  await run(player, play, '--from', learner, '--keep-replay');
  return player;
}

/** The returns of the last and of the best checkpoint on the same episodes, which training has never seen. */
async function judge(run: RunDirectory): Promise<{ last: Judged; best: Judged }> {
  const player = await EvaluationPlayer.create(run.config);
  const play = async (checkpoint: Awaited<ReturnType<typeof latestCheckpoint>>): Promise<Judged> => {
    const asked = requestOf(checkpoint!, EPISODES, heldOutSeed(run.config));
    const { updates, returns, info } = (await player.play(asked))!;
    return { updates, returns: returns.map(rounded), ...(info === undefined ? {} : { info }) };
  };
  const last = await play(await latestCheckpoint(run.checkpoints));
  return { last, best: await play(await bestCheckpoint(run.checkpoints)) };
}

function curveOf(run: RunDirectory): [number, number][] {
  return run
    .readMetrics()
    .flatMap(({ steps, evaluation }): [number, number][] =>
      evaluation === undefined ? [] : [[steps || evaluation.updates, rounded(evaluation.mean)]],
    );
}

/** Runs the command line to its end; what it logs goes to this process's stderr. */
function command(args: readonly string[]): Promise<void> {
  const main = fileURLToPath(new URL('../../../apps/cli/dist/main.js', import.meta.url));
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`qfleet ${args.join(' ')} ended with exit code ${code}.`)),
    );
  });
}

/** The CPU time of this process's ended children and theirs, in seconds; null where no such system file is. */
function childrenCpuSeconds(): number | null {
  try {
    // Behind the name, which may hold anything: user and system time of waited-for children, in ticks of 10 ms.
    const fields = readFileSync('/proc/self/stat', 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[13]) + Number(fields[14])) / 100;
  } catch {
    return null;
  }
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
