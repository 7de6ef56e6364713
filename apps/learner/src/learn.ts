import { createAgent, createRoundAgent } from '@qfleet/agents';
import { fleetOf, learnsFromRounds, replayRunConfig } from '@qfleet/config';
import {
  EvaluationQueue,
  Heartbeats,
  isOver,
  LearnerLease,
  outlastRefusedWrites,
  type ProcessContext,
  REDIS_PATIENCE_SECONDS,
  ReplayShards,
  RunKeeper,
  type RunRecord,
  readPhase,
  restoreRun,
  seedLeases,
  setPhase,
  WeightsPublisher,
} from '@qfleet/fleet';
import {
  createRedisReplay,
  FencedError,
  type Layout,
  type RedisClient,
  type ReplayShard,
  replayFence,
  type ShardAddress,
} from '@qfleet/replay';
import type { RunDirectory } from '@qfleet/report';
import { openLearning, roundLayout } from '@qfleet/rollout';
import {
  CheckpointFolder,
  DivergenceError,
  HandedInRounds,
  latestCheckpoint,
  MetricsRecorder,
  outlastFullDisk,
  roundCapacity,
  runTrainer,
  type StopReason,
  Trainer,
  type TrainerParts,
  type Waits,
} from '@qfleet/training';
import { ChunkSpans } from './chunk-spans.ts';
import { awaitEvaluations, conclude } from './conclude.ts';
import { EpisodeFeed } from './episode-feed.ts';
import { measure } from './measure.ts';
import { beginDirectory, openRun } from './open-run.ts';

/** Calls of the agent whose batches are drawn ahead: more hide longer waits, with priorities that are older. */
const CALLS_AHEAD = 4;

type Outlast = ProcessContext['outlast'];

/**
 * A learner's life: take the lease, train from the last checkpoint to the run's end, leave everything in order. Where the
 * run is finished there is nothing to do.
 */
export async function learn(context: ProcessContext): Promise<void> {
  const { env, log, redis, signal } = context;
  const { record, directory: found } = await openRun(context);
  const { run, config } = record;
  if (isFinished(context, record)) return;
  const { layout, legal } = await openLearning(config);
  const [experience, weights] = await Promise.all(['experience', 'weights'].map(context.connect));
  const { addresses } = await ReplayShards.connect(experience, run, config.replay.shards, {
    role: 'learner',
    patience: REDIS_PATIENCE_SECONDS,
    log,
    signal,
  });
  const lease = await context.outlast(() =>
    LearnerLease.acquire(redis, run, env.id, { known: () => replayFence(addresses), log, signal }),
  );
  const held = AbortSignal.any([signal, lease.lost]);
  const outlast: Outlast = (task) => outlastRefusedWrites(task, { log, signal: held });
  const patient: Outlast = (write) =>
    outlastFullDisk(write, {
      warn: (message) => log.warn(message),
      info: (message) => log.info(message),
      signal: held,
    });
  const evaluations = new EvaluationQueue(redis, run, lease, weights);
  const over = new AbortController();
  let directory: RunDirectory | null = null;
  try {
    // Another learner may have finished it while this one waited.
    if (isFinished(context, await readPhase(redis, run))) return;
    const begun = await beginDirectory(context, record, found);
    directory = begun;
    // Whoever trained before has lost the lease, and with it the directory.
    await patient(() => begun.lock({ fence: lease.token, onWait: (sentence) => log.info(sentence), signal }));
    const restore = async (): Promise<void> => {
      log.warn('Redis lost the run: it is made again from here, and the replay refills.');
      await restoreRun(redis, { ...record, phase: 'running', reason: null });
      await openReplay(addresses, record, layout);
      await seedLeases(redis, run, fleetOf(config));
    };
    const { trainer, recorder } = await makeTrainer(context, {
      record,
      layout,
      legal,
      addresses,
      weights,
      directory,
      lease,
      evaluations,
      restore,
      outlast,
      patient,
    });
    const waits: Waits = {
      'too little experience': 0,
      'sample-to-insert ratio': 0,
      round: 0,
      checkpoint: 0,
    };
    const heartbeats = new Heartbeats({
      redis,
      run,
      role: 'learner',
      id: env.id,
      name: env.name,
      measure: () => measure(trainer, waits),
      onPhase: (phase) => {
        if (phase !== null && isOver(phase)) over.abort();
      },
      log,
    });
    await outlast(() => seedLeases(redis, run, fleetOf(config)));
    await outlast(() => setPhase(redis, run, 'starting', '', lease));
    await trainer.start();
    await outlast(() => setPhase(redis, run, 'running', '', lease));
    await outlast(() => heartbeats.start());
    log.info(`Training from update ${trainer.updates}.`);
    const keeper = new RunKeeper(redis, record, log);
    const feed = new EpisodeFeed(context, recorder, () => recorder.tick(trainer));
    const ending = AbortSignal.any([held, over.signal]);
    let reason: StopReason | null = null;
    let clean = false;
    try {
      try {
        reason = await runTrainer(trainer, ending, waits);
        lease.lost.throwIfAborted();
        await trainer.finish(reason !== null && reason !== 'solved');
        if (reason !== null) {
          // Actors end: what is left needs no experience.
          await outlast(() => setPhase(redis, run, 'stopping', reason ?? '', lease));
          await awaitEvaluations(trainer);
        }
      } finally {
        // What follows is no training.
        await feed.stop();
        recorder.write(trainer);
      }
      const isDone = reason !== null && (await conclude(context, trainer, reason, ending));
      lease.lost.throwIfAborted();
      if (isDone) await outlast(() => setPhase(redis, run, 'finished', reason ?? '', lease));
      log.info(isDone ? `Finished: ${reason}.` : `Stopped at update ${trainer.updates}.`);
      clean = true;
    } catch (error) {
      // Another learner would only diverge again: the whole run ends.
      if (error instanceof DivergenceError) {
        // A checkpoint of before is still being written.
        await trainer.settle().catch(() => undefined);
        await setPhase(redis, run, 'failed', error.message, lease);
      }
      throw error;
    } finally {
      await keeper.stop();
      await heartbeats.stop(clean);
    }
  } catch (error) {
    // The replay knows of another learner before this one has heard of it.
    if (error instanceof FencedError) lease.lose();
    throw lease.lost.aborted ? lease.lost.reason : error;
  } finally {
    await evaluations.close();
    directory?.unlock();
    await lease.release();
  }
}

/** Whether there is nothing more to train, which it says. */
function isFinished(
  { env, log }: ProcessContext,
  standing: Pick<RunRecord, 'phase' | 'reason'> | null,
): boolean {
  if (standing?.phase !== 'finished') return false;
  log.info(`Run ${env.run} is finished (${standing.reason}): there is nothing to train.`);
  return true;
}

/** What a trainer is made of, beside the process it is in. */
interface TrainerSetting extends Required<Pick<TrainerParts, 'restore' | 'outlast'>> {
  readonly record: RunRecord;
  readonly layout: Layout;
  /** Which tokens an agent that speaks may say; undefined: all. */
  readonly legal: Awaited<ReturnType<typeof openLearning>>['legal'];
  readonly addresses: readonly ShardAddress[];
  /** A connection for weights alone. */
  readonly weights: RedisClient;
  readonly directory: RunDirectory;
  readonly lease: LearnerLease;
  readonly evaluations: EvaluationQueue;
  /** Waits for room on a full disk. */
  readonly patient: Outlast;
}

async function makeTrainer(
  { log, env, tracer }: ProcessContext,
  {
    record,
    layout,
    legal,
    addresses,
    weights,
    directory,
    lease,
    evaluations,
    restore,
    outlast,
    patient,
  }: TrainerSetting,
): Promise<{ trainer: Trainer; recorder: MetricsRecorder }> {
  const { config } = record;
  const from = await latestCheckpoint(directory.checkpoints, (error) => log.warn(error.message));
  const agentSetting = { spec: layout, seed: config.seed, totalUpdates: config.stop.maxUpdates };
  const fence = lease.token;
  const learning = async () => {
    const store = await outlast(() => openReplay(addresses, record, layout));
    if (learnsFromRounds(config)) {
      const agent = await createRoundAgent({ config: config.agent, ...agentSetting });
      return { config, agent, rounds: new HandedInRounds({ config, layout, store, fence }) };
    }
    const agent = await createAgent({ config: replayRunConfig(config).agent, ...agentSetting, legal });
    const watch = tracer ? { watch: new ChunkSpans(tracer) } : {};
    return { config, agent, store, saving: { store, fence }, callsAhead: CALLS_AHEAD, ...watch };
  };
  const recorder = new MetricsRecorder(directory, (message) => log.warn(message));
  const trainer: Trainer = new Trainer({
    ...(await learning()),
    layout,
    channel: new WeightsPublisher(weights, env.run, lease, config.learner.publishAs),
    evaluations,
    checkpoints: new CheckpointFolder(directory.checkpoints, config.learner.checkpointsKept, patient),
    from,
    warn: (sentence) => log.warn(sentence),
    listener: {
      onEvaluation: (result) => recorder.write(trainer, result),
      onUnconfirmed: ({ updates, mean }, { mean: again, returns }) => {
        log.info(
          `Update ${updates} was evaluated at ${mean}, and at ${again} on ${returns.length} fresh episodes: it trains on.`,
        );
      },
    },
    restore,
    outlast,
  });
  return { trainer, recorder };
}

/** The run's replay, or the place where parts of rounds are handed in: made where there is none, else opened. */
async function openReplay(
  addresses: readonly ShardAddress[],
  { config }: RunRecord,
  layout: Layout,
): Promise<ReplayShard> {
  if (learnsFromRounds(config)) {
    return createRedisReplay(addresses, roundLayout(layout), roundCapacity(config, layout));
  }
  const { capacity, capacityBytes } = config.replay;
  return createRedisReplay(addresses, layout, { transitions: capacity, bytes: capacityBytes });
}
