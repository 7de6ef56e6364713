import { createAgent, createPolicy, epsilonOf } from '@qfleet/agents';
import type { RunConfig } from '@qfleet/config';
import { resolveEnvironment } from '@qfleet/envs';
import { compressChunk, compressesWell, MemoryReplayStore, observationBytes } from '@qfleet/replay';
import { type EpisodeSummary, errorPolicy, initialPriority, layoutOf, Rollout } from '@qfleet/rollout';
import {
  type Checkpoint,
  CheckpointFolder,
  type EvaluationResult,
  type ScoreboardListener,
  type StopReason,
  Trainer,
} from '@qfleet/training';
import { PATIENCE_SECONDS } from './greedy-evaluation.ts';
import { InProcessEvaluations, InProcessWeightsChannel } from './in-process.ts';

export interface SingleOptions {
  readonly config: RunConfig;
  /** The run directory's folder of checkpoints. */
  readonly checkpoints: string;
  /** What to continue from; null: from the start. */
  readonly from: Checkpoint | null;
  /** Told a few times a second, with the episodes since. */
  readonly onProgress: (trainer: Trainer, steps: number, episodes: readonly EpisodeSummary[]) => void;
  readonly onEvaluation: (trainer: Trainer, result: EvaluationResult) => void;
  readonly onUnconfirmed: NonNullable<ScoreboardListener['onUnconfirmed']>;
  /** Told of what the environment does wrong and the run outlives. */
  readonly warn: (sentence: string) => void;
  readonly signal: AbortSignal;
}

export interface SingleOutcome {
  readonly trainer: Trainer;
  /** Environment steps of the whole run. */
  readonly steps: number;
  /** Null: interrupted. */
  readonly stopReason: StopReason | null;
}

const PROGRESS_MS = 200;

/** Whether the run's budget of seconds is used up: its evaluation then ends too. */
const isOutOfTime = ({ config, seconds }: Trainer): boolean =>
  config.stop.maxSeconds !== null && seconds >= config.stop.maxSeconds;

/** Waits until all that is due is done, with the evaluations that follow from it. */
async function settle(trainer: Trainer): Promise<void> {
  do await trainer.settle();
  while ((await trainer.collectEvaluations()) > 0);
}

/**
 * Trains in this process: the fleet's own rollout and trainer alternately, over a replay in memory. Nothing here depends
 * on time (but `stop.maxSeconds`) or on another process, so a seed gives the same run bit for bit, on any number of
 * cores. Another kind of processor, or a GPU, may round otherwise.
 */
export async function trainSingle(options: SingleOptions): Promise<SingleOutcome> {
  const { config, from, signal, onProgress } = options;
  const definition = await resolveEnvironment(config.environment);
  const layout = layoutOf(definition);
  const { frameStack } = config.environment;
  const agent = await createAgent({
    config: config.agent,
    layout,
    frameStack,
    seed: config.seed,
    totalUpdates: config.stop.maxUpdates,
    isRepeatable: true,
  });
  const [policy, evaluationPolicy] = await Promise.all([
    createPolicy({ config: config.agent, layout, frameStack }),
    createPolicy({ config: config.agent, layout, frameStack }),
  ]);
  const { capacity, capacityBytes, chunkLength } = config.replay;
  // Where the learner's cache has no room for all frames, their memory in the store is worth the time.
  const compressed =
    compressesWell(layout) && capacity * observationBytes(layout) > config.learner.cacheBytes;
  const store = new MemoryReplayStore(layout, { transitions: capacity, bytes: capacityBytes });
  const channel = new InProcessWeightsChannel();
  const trainer: Trainer = new Trainer({
    config,
    layout,
    agent,
    store,
    channel,
    evaluations: new InProcessEvaluations({
      definition,
      policy: evaluationPolicy,
      frameStack,
      ...errorPolicy(config),
      cancelled: () => signal.aborted || (training && isOutOfTime(trainer)),
      get patience() {
        return isOutOfTime(trainer) ? PATIENCE_SECONDS : Number.POSITIVE_INFINITY;
      },
      warn: options.warn,
    }),
    checkpoints: new CheckpointFolder(options.checkpoints, config.learner.checkpointsKept),
    from,
    listener: {
      onEvaluation: (result) => options.onEvaluation(trainer, result),
      onUnconfirmed: options.onUnconfirmed,
    },
  });
  let training = true;
  let survived = 0;
  const { slots } = config.fleet;
  let steps = from?.steps ?? 0;
  const rollout = new Rollout({
    definition,
    layout,
    policy,
    frameStack,
    writer: `single-${from?.updates ?? 0}`,
    chunkLength,
    seed: config.seed,
    epsilon: (slot) => epsilonOf(config.exploration, slot, slots, steps),
    ...initialPriority(config),
    ...errorPolicy(config),
    onSurvived: ({ message }) => {
      if (survived++ === 0) options.warn(`${message} It is made again, and training goes on.`);
    },
  });
  for (let slot = 0; slot < slots; slot++) rollout.addSlot(slot);

  const takeUpWeights = async (): Promise<void> => {
    const weights = await channel.newerThan(rollout.weightsVersion);
    if (!weights) return;
    policy.load(weights.tensors);
    rollout.weightsVersion = weights.version;
  };
  const pushChunks = async (): Promise<void> => {
    const open = rollout.takeChunks();
    if (open.length === 0) return;
    await store.append(compressed ? await Promise.all(open.map(compressChunk)) : open);
    await trainer.synchronize();
  };

  await trainer.start();
  await takeUpWeights();
  let stopReason: StopReason | null = null;
  let reported = performance.now();
  const report = (): void => {
    reported = performance.now();
    onProgress(trainer, steps, rollout.takeEpisodes());
  };
  while (!signal.aborted) {
    stopReason = trainer.stopReason();
    if (stopReason) break;
    if (trainer.waitReason() === null) {
      await trainer.update();
      trainer.startDueWork();
      // What is due ends before the next rollout: in one process, order is what makes a run reproducible.
      await settle(trainer);
      await takeUpWeights();
    } else {
      steps += rollout.step();
      await pushChunks();
    }
    if (performance.now() - reported >= PROGRESS_MS) {
      report();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  for (const slot of rollout.slots) rollout.removeSlot(slot);
  await pushChunks();
  training = false;
  await trainer.finish(stopReason !== null && stopReason !== 'solved');
  await settle(trainer);
  report();
  if (survived > 1)
    options.warn(`The environment threw ${survived} times in all, and was made again each time.`);
  agent.dispose();
  return { trainer, steps, stopReason };
}
