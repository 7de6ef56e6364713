import type { TokenQRunConfig } from '@qfleet/config';
import { type RunDirectory, readLaunch } from '@qfleet/report';
import { openTextTask } from '@qfleet/rollout';
import { bestCheckpoint, EvaluationPlayer, heldOutSeed, requestOf } from '@qfleet/training';
import { style, table } from '../terminal/output.ts';

/** Episodes of a figure, at least: each start as often as any other. */
const EPISODES = 100;

/**
 * What a run's language agent came to, with its values and by its language model alone, sampled and greedy, beside what is known of the
 * task; null: there is no checkpoint.
 */
export async function decodingTable(
  directory: RunDirectory,
  config: TokenQRunConfig,
): Promise<string | null> {
  const best = await bestCheckpoint(directory.checkpoints);
  if (best === null) return null;
  const { definition } = await openTextTask(config);
  const { known, starts } = definition;
  const data = readLaunch(directory).dialogues?.meanReturn ?? known.data;
  const episodes = Math.ceil(EPISODES / (starts ?? 1)) * (starts ?? 1);
  const player = await EvaluationPlayer.create(config);
  const request = requestOf(best, episodes, heldOutSeed(config));
  const played = async (beta?: number): Promise<string[]> => {
    const cells: string[] = [];
    for (const decode of ['sample', 'greedy'] as const) {
      // Nothing cancels it.
      const { mean, std } = (await player.play(request, beta === undefined ? { decode } : { decode, beta }))!;
      cells.push(`${mean.toFixed(3)} ± ${(std / Math.sqrt(episodes)).toFixed(3)}`);
    }
    return cells;
  };
  const hasValues = config.agent.objective.kind !== 'sft';
  const rows = [
    ['', 'sampled', 'greedy'],
    ...(data === undefined ? [] : [['the data', data.toFixed(3), '']]),
    ['language model', ...(await played(0))],
    ...(hasValues ? [[`with its values (${config.agent.objective.kind})`, ...(await played())]] : []),
    ...(known.bound === undefined ? [] : [['bound', '', known.bound.toFixed(3)]]),
  ];
  return [
    style('bold', `Mean return over ${episodes} episodes, ± its standard error, of update ${best.updates}:`),
    table(rows, [1, 2]),
  ].join('\n');
}
