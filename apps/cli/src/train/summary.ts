import { createHash } from 'node:crypto';
import type { RunConfig } from '@qfleet/config';
import { resolveEnvironment } from '@qfleet/envs';
import type { RunDirectory, RunSummary } from '@qfleet/report';
import { encodeTensors, type NamedTensors } from '@qfleet/tensor';
import {
  bestCheckpoint,
  CheckpointFolder,
  type EvaluationResult,
  HELD_OUT_EPISODES,
  latestCheckpoint,
} from '@qfleet/training';
import {
  type EvaluationLimits,
  evaluateGreedily,
  heldOutSeed,
  PATIENCE_SECONDS,
} from '../greedy-evaluation.ts';
import { version } from '../version.ts';
import { runtimeOf } from './runtime.ts';
import type { SessionEnd } from './session.ts';

/**
 * Evaluates the best checkpoint on episodes by which it was not chosen, and writes `summary.json` and `curve.svg`.
 * An interrupted or failed run is not evaluated.
 *
 * @param limits `cancelled` says whether the session was interrupted.
 */
export async function summarize(
  directory: RunDirectory,
  end: SessionEnd,
  wallSeconds: number,
  limits: EvaluationLimits & { readonly cancelled: () => boolean },
): Promise<RunSummary> {
  const { config } = directory;
  const [last, best] = await Promise.all([
    latestCheckpoint(directory.checkpoints),
    bestCheckpoint(directory.checkpoints),
  ]);
  const isOver = end.stopReason !== 'interrupted' && end.stopReason !== 'failed' && !limits.cancelled();
  const found = await new CheckpointFolder(directory.checkpoints, config.learner.checkpointsKept).best();
  // What confirmed that the run is over is what it is judged by.
  const confirmation = end.stopReason === 'solved' ? found?.confirmation : undefined;
  const evaluation =
    isOver && best !== null
      ? await evaluate(config, best.parameters, confirmation, {
          ...limits,
          // Its budget of seconds is used up.
          ...(end.stopReason === 'maxSeconds' ? { patience: PATIENCE_SECONDS } : {}),
        })
      : null;
  const goal = await goalOf(config);
  const before = directory.readSummary();
  const rows = directory.readMetrics();
  const summary: RunSummary = {
    run: directory.run,
    name: config.name,
    environment: (await resolveEnvironment(config.environment)).id,
    seed: config.seed,
    versions: { qfleet: version, node: process.versions.node, ...(await runtimeOf(config)) },
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
  return (await resolveEnvironment(config.environment)).solvedReturn ?? config.stop.solvedReturn;
}

async function evaluate(
  config: RunConfig,
  parameters: NamedTensors,
  confirmation: EvaluationResult | undefined,
  limits: EvaluationLimits,
): Promise<RunSummary['evaluation']> {
  if (confirmation !== undefined) {
    const { returns, mean, std, seed } = confirmation;
    return { episodes: returns.length, returns: [...returns], mean, std, seed };
  }
  const seed = heldOutSeed(config);
  const { returns, ...others } = await evaluateGreedily(config, parameters, HELD_OUT_EPISODES, seed, limits);
  // It was ended before it was done.
  if (returns.length < HELD_OUT_EPISODES) return null;
  return { episodes: returns.length, returns: [...returns], ...others, seed };
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
