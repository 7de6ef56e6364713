import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { speaks } from '@qfleet/config';
import { RunDirectory } from '@qfleet/report';
import { bestCheckpoint, EvaluationPlayer, heldOutSeed, latestCheckpoint, requestOf } from '@qfleet/training';
import { type Pace, type Recording, settingsOf, type TrainedCell } from './cell.ts';
import { withCpuSeconds } from './cpu-seconds.ts';
import { runProgram } from './program.ts';
import { type Judged, type Learned, rounded } from './results.ts';

const main = fileURLToPath(new URL('../../../apps/cli/dist/main.js', import.meta.url));

/** Trains by the command, into a directory that is removed again, and plays its last and its best weights. */
export async function trainCell(cell: TrainedCell, pace: Pace, episodes: number): Promise<Learned> {
  const { preset, method, fleet = false, recording } = cell;
  const folder = mkdtempSync(join(tmpdir(), 'qfleet-cell-'));
  const path = join(folder, 'run');
  try {
    const recorded = recording === undefined ? null : await record(cell, recording, folder);
    const args = [
      ...['train', preset, '--run-dir', path, '--json'],
      ...(method === undefined ? [] : ['--preset', method]),
      ...(fleet ? [] : ['--single']),
      ...(recorded === null ? [] : ['--offline', recorded]),
      ...settingsOf(cell, pace).flatMap((setting) => ['--set', setting]),
    ];
    const [, cpuSeconds] = await withCpuSeconds(() => command(args));
    const run = RunDirectory.open(path);
    const { envSteps, updates, trainingSeconds, versions, offline } = run.readSummary()!;
    return {
      ...(offline === undefined
        ? {}
        : { data: { transitions: offline.transitions, meanReturn: rounded(offline.meanReturn!) } }),
      ...{ frames: envSteps, updates, wallSeconds: rounded(trainingSeconds) },
      cpuSeconds: cpuSeconds === null ? null : rounded(cpuSeconds),
      ...(await judge(run, episodes)),
      ...{ curve: curveOf(run), versions },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const command = (args: readonly string[]): Promise<string> => runProgram(process.execPath, [main, ...args]);

/** Records, into a folder, what a cell learns from. @returns the directory of the run that played it. */
async function record(
  { preset, seed }: TrainedCell,
  { policy, play }: Recording,
  folder: string,
): Promise<string> {
  const [learner, player] = [join(folder, 'policy'), join(folder, 'player')];
  const run = (path: string, settings: readonly string[], ...options: string[]): Promise<string> =>
    command([
      ...['train', preset, '--single', '--run-dir', path, '--json', ...options],
      ...[`seed=${seed}`, ...settings].flatMap((setting) => ['--set', setting]),
    ]);
  await run(learner, policy);
  await run(player, play, '--from', learner, '--keep-replay');
  return player;
}

/** The returns of the last and of the best checkpoint on the same episodes, which training has never seen. */
async function judge(
  run: RunDirectory,
  episodes: number,
): Promise<Pick<Learned, 'last' | 'best' | 'greedy'>> {
  const player = await EvaluationPlayer.create(run.config);
  const play = async (
    checkpoint: Awaited<ReturnType<typeof latestCheckpoint>>,
    decode?: 'greedy',
  ): Promise<Judged> => {
    const asked = requestOf(checkpoint!, episodes, heldOutSeed(run.config));
    const { updates, returns, info } = (await player.play(asked, decode === undefined ? {} : { decode }))!;
    return { updates, returns: returns.map(rounded), ...(info === undefined ? {} : { info }) };
  };
  const last = await play(await latestCheckpoint(run.checkpoints));
  const chosen = await bestCheckpoint(run.checkpoints);
  const best = await play(chosen);
  return speaks(run.config) ? { last, best, greedy: await play(chosen, 'greedy') } : { last, best };
}

const curveOf = (run: RunDirectory): Learned['curve'] =>
  run
    .readMetrics()
    .flatMap(({ time, steps, evaluation }) =>
      evaluation === undefined
        ? []
        : [[steps || evaluation.updates, rounded(evaluation.mean), rounded(time)] as const],
    );
