import { createHash } from 'node:crypto';
import type { RunConfig } from '@qfleet/config';
import { resolveAnyEnvironment } from '@qfleet/env-host';
import { isText } from '@qfleet/envs';
import type { Recorded, RunDirectory, RunSummary } from '@qfleet/report';
import { encodeTensors, type NamedTensors } from '@qfleet/tensor';
import { bestCheckpoint, CheckpointFolder, latestCheckpoint } from './checkpoint.ts';
import type { FinalEvaluation } from './evaluation/result.ts';

/** How a session of a run ended, as far as the run's summary tells. */
export interface RunEnd {
  readonly stopReason: RunSummary['stopReason'];
  /** Environment steps of the whole run; null: nobody could be asked. */
  readonly steps: number | null;
  /** Processes that were started again. */
  readonly restarts: number;
  /** Wall time of this session, from its start on. */
  readonly wallSeconds: number;
  /** What an offline run learned from; left out: it played. */
  readonly offline?: Recorded | undefined;
}

/**
 * Writes `summary.json` and `curve.svg` from what the run left in its directory. A run that was interrupted or failed has
 * no evaluation.
 *
 * @param version that of Qfleet.
 */
export async function summarize(directory: RunDirectory, end: RunEnd, version: string): Promise<RunSummary> {
  const { config } = directory;
  const { offline, wallSeconds } = end;
  const [last, best] = await Promise.all([
    latestCheckpoint(directory.checkpoints),
    bestCheckpoint(directory.checkpoints),
  ]);
  const folder = new CheckpointFolder(directory.checkpoints, config.learner.checkpointsKept);
  const found = await folder.best();
  const isOver = end.stopReason !== 'interrupted' && end.stopReason !== 'failed';
  const evaluation = isOver && best !== null ? summarized(await folder.final(best), config) : null;
  const goal = await goalOf(config);
  const definition = await resolveAnyEnvironment(config.environment);
  const settings = isText(definition) ? undefined : definition.settings;
  const before = directory.readSummary();
  const rows = directory.readMetrics();
  const summary: RunSummary = {
    run: directory.run,
    name: config.name,
    environment: definition.id,
    ...(settings === undefined ? {} : { environmentSettings: playedBy(settings, config) }),
    seed: config.seed,
    versions: { qfleet: version, node: process.versions.node, ...(await runtimeOf(config)) },
    ...(offline === undefined ? {} : { offline }),
    envSteps: Math.max(end.steps ?? 0, rows.at(-1)?.steps ?? 0, last?.steps ?? 0),
    updates: last?.updates ?? 0,
    wallSeconds: (before?.wallSeconds ?? 0) + wallSeconds,
    trainingSeconds: last?.seconds ?? 0,
    stopReason: end.stopReason,
    solved: evaluation !== null && goal !== null && evaluation.mean >= goal,
    evaluation,
    best: found && { updates: found.updates, mean: found.mean },
    weightsHash: last && hashOf(last.parameters),
    bestWeightsHash: best && hashOf(best.parameters),
    changes: changesIn(directory),
    restarts: (before?.restarts ?? 0) + end.restarts,
  };
  directory.writeSummary(summary);
  await directory.drawCurve();
  return summary;
}

/** The mean return at which the task counts as solved; null: nobody says. */
export async function goalOf(config: RunConfig): Promise<number | null> {
  const definition = await resolveAnyEnvironment(config.environment);
  return (isText(definition) ? null : definition.solvedReturn) ?? config.stop.solvedReturn;
}

/** How an environment is played: what is its own, and what a network sees of it. */
const playedBy = (settings: Readonly<Record<string, unknown>>, { environment, agent }: RunConfig) => ({
  ...settings,
  frameStack: environment.frameStack,
  rewardClip: 'rewardClip' in agent ? agent.rewardClip : null,
});

function summarized(
  evaluation: FinalEvaluation | null,
  { evaluation: { epsilon } }: RunConfig,
): RunSummary['evaluation'] {
  if (evaluation === null) return null;
  const { returns, mean, std, cutShort, info, seed } = evaluation;
  return {
    ...{ episodes: returns.length, returns: [...returns], mean, std, epsilon },
    ...(cutShort === undefined ? {} : { cutShort }),
    ...(info === undefined ? {} : { info }),
    seed,
  };
}

/** The settings that were changed on the way. */
function changesIn(directory: RunDirectory): RunSummary['changes'] {
  return directory
    .readMetrics()
    .flatMap(({ updates, changes = [] }) => changes.map((change) => ({ ...change, updates })));
}

/** SHA-256 of the parameters: two runs learned the same if and only if it is the same. */
const hashOf = (parameters: NamedTensors): string =>
  createHash('sha256').update(encodeTensors(parameters, {})).digest('hex');

/** What crunched the numbers of a run's learner on this machine. */
async function runtimeOf(config: RunConfig): Promise<Pick<RunSummary['versions'], 'tensorflow' | 'runtime'>> {
  if (config.agent.kind === 'tabular') return { tensorflow: null, runtime: 'JavaScript' };
  const { loadTensor } = await import('@qfleet/tensor');
  const { kind, version } = await loadTensor();
  return { tensorflow: version, runtime: kind };
}
