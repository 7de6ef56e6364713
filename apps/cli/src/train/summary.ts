import { createHash } from 'node:crypto';
import type { RunConfig } from '@qfleet/config';
import { resolveEnvironment } from '@qfleet/envs';
import type { RunDirectory, RunSummary } from '@qfleet/report';
import { encodeTensors, type NamedTensors } from '@qfleet/tensor';
import { bestCheckpoint, latestCheckpoint } from '@qfleet/training';
import { evaluateGreedily, heldOutSeed } from '../greedy-evaluation.ts';
import { version } from '../version.ts';
import { runtimeOf } from './runtime.ts';
import type { SessionEnd } from './session.ts';

const EPISODES = 20;

/**
 * Evaluates the best checkpoint on episodes that training has not seen, and writes `summary.json` and `curve.svg`.
 * An interrupted or failed run is not evaluated.
 */
export async function summarize(
  directory: RunDirectory,
  end: SessionEnd,
  wallSeconds: number,
  signal: AbortSignal,
): Promise<RunSummary> {
  const { config } = directory;
  const [last, best] = await Promise.all([
    latestCheckpoint(directory.checkpoints),
    bestCheckpoint(directory.checkpoints),
  ]);
  const isOver = end.stopReason !== 'interrupted' && end.stopReason !== 'failed' && !signal.aborted;
  const evaluation = isOver && best !== null ? await evaluate(config, best.parameters) : null;
  const goal = await goalOf(config);
  const before = directory.readSummary();
  const summary: RunSummary = {
    run: directory.run,
    name: config.name,
    environment: config.environment.id,
    seed: config.seed,
    versions: { qfleet: version, node: process.versions.node, ...(await runtimeOf(config)) },
    envSteps: last?.steps ?? 0,
    updates: last?.updates ?? 0,
    wallSeconds: (before?.wallSeconds ?? 0) + wallSeconds,
    trainingSeconds: last?.seconds ?? 0,
    stopReason: end.stopReason,
    solved: evaluation !== null && goal !== null && evaluation.mean >= goal,
    evaluation,
    best: bestEvaluation(directory),
    weightsHash: best === null ? null : hashOf(best.parameters),
    restarts: (before?.restarts ?? 0) + end.restarts,
  };
  directory.writeSummary(summary);
  if (isOver) await directory.drawCurve();
  return summary;
}

/** The mean return at which the task counts as solved; null: nobody says. */
export async function goalOf(config: RunConfig): Promise<number | null> {
  return (await resolveEnvironment(config.environment)).solvedReturn ?? config.stop.solvedReturn;
}

async function evaluate(config: RunConfig, parameters: NamedTensors): Promise<RunSummary['evaluation']> {
  const seed = heldOutSeed(config);
  const { returns, mean, std } = await evaluateGreedily(config, parameters, EPISODES, seed);
  return { episodes: returns.length, returns: [...returns], mean, std, seed };
}

function bestEvaluation(directory: RunDirectory): RunSummary['best'] {
  let best: RunSummary['best'] = null;
  for (const { evaluation } of directory.readMetrics()) {
    if (evaluation && (best === null || evaluation.mean >= best.mean)) {
      best = { updates: evaluation.updates, mean: evaluation.mean };
    }
  }
  return best;
}

/** SHA-256 of the parameters: two runs learned the same if and only if it is the same. */
const hashOf = (parameters: NamedTensors): string =>
  createHash('sha256').update(encodeTensors(parameters, {})).digest('hex');
