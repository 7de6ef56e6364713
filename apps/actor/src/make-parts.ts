import { setTimeout as sleep } from 'node:timers/promises';
import { createPolicy, type Policy } from '@qfleet/agents';
import { learnsFromRounds, type RunConfig } from '@qfleet/config';
import {
  backoff,
  type Logger,
  type ProcessContext,
  REDIS_PATIENCE_SECONDS,
  ReplayShards,
  reportEpisodes,
  Uplink,
  type UplinkOptions,
} from '@qfleet/fleet';
import {
  compressesWell,
  type Inbox,
  openReplayInbox,
  type RedisClient,
  ReplayMissingError,
} from '@qfleet/replay';
import {
  errorPolicy,
  initialPriority,
  openTask,
  Rollout,
  type RolloutOptions,
  roundLayout,
} from '@qfleet/rollout';
import { ChunkSpans } from './chunk-spans.ts';
import { Epsilons } from './exploration.ts';
import type { Pace } from './pace.ts';
import type { Play } from './play.ts';
import { ReplayPace } from './replay-pace.ts';
import { RoundPace } from './round-pace.ts';
import { RoundPlay } from './round-play.ts';

/** What an actor works with. */
export interface ActorParts {
  readonly policy: Policy;
  readonly play: Play;
  readonly pace: Pace;
  readonly uplink: Uplink;
  readonly epsilons: Epsilons;
  /** Connections for these alone. */
  readonly weights: RedisClient;
  readonly announcements: RedisClient;
  /** Those that the run outlived. */
  readonly environmentErrors: { readonly count: number };
  /** Null: nothing is traced. */
  readonly spans: ChunkSpans | null;
}

/** Bytes of a writer's name. */
const MOST_NAME = 64;

/** Makes an actor's parts of its run's configuration. @throws EnvironmentDefinitionError, and what `createPolicy` and the replay refuse. */
export async function makeParts(context: ProcessContext, config: RunConfig): Promise<ActorParts> {
  const { redis, connect, env, log, tracer, signal, outlast, warn, outliveUserCode } = context;
  const spans = tracer && new ChunkSpans(tracer);
  const { definition, layout } = await openTask(config);
  const policy = await createPolicy({
    config: config.agent,
    spec: layout,
    selector: config.exploration.selector,
    explores: true,
  });
  if (config.environment.onError === 'restart') outliveUserCode();
  const environmentErrors = { count: 0 };
  const epsilons = new Epsilons(config);
  // The end of a long name is this life's own.
  const writer = env.id.slice(-MOST_NAME);
  const playing: Omit<RolloutOptions, 'chunkLength'> = {
    definition,
    layout,
    policy,
    writer,
    seed: config.seed,
    epsilon: (slot) => epsilons.of(slot),
    ...errorPolicy(config),
    onSurvived: ({ message }) => {
      const sentence = `${message} It is made again, and the run goes on.`;
      // The others are counted.
      if (environmentErrors.count++ === 0) warn(sentence);
      else log.warn(sentence);
    },
    onInfoRefused: (sentence) => log.warn(sentence),
    ...(spans ? { onChunk: (chunk) => spans.closed(chunk) } : {}),
  };
  /** The layout of the chunks that are handed in. */
  const handed = learnsFromRounds(config) ? roundLayout(layout) : layout;
  const [experience, weights, announcements] = await Promise.all(
    ['experience', 'weights', 'announcements'].map(connect),
  );
  const { addresses } = await ReplayShards.connect(experience, env.run, config.replay.shards, {
    role: 'actor',
    patience: REDIS_PATIENCE_SECONDS,
    log,
    signal,
  });
  const uplinkOptions: UplinkOptions = {
    openInbox: () =>
      waitForInbox(() => outlast(() => openReplayInbox(addresses, handed, writer)), log, signal),
    compressed: compressesWell(handed),
    reportEpisodes: (number, report) => reportEpisodes(redis, env.run, env.id, number, report),
    ...(spans ? { onPushed: (chunks, from) => spans.pushed(chunks, from) } : {}),
    log,
  };
  const uplink = await outlast(() => Uplink.open(uplinkOptions));
  const parts = { policy, uplink, epsilons, environmentErrors, spans, weights, announcements };
  if (learnsFromRounds(config)) {
    const play = new RoundPlay({ ...playing, steps: config.agent.steps, chunks: handed });
    return { ...parts, play, pace: new RoundPace(config.agent, play, epsilons) };
  }
  const { chunkLength } = config.replay;
  const play = new Rollout({ ...playing, chunkLength, ...initialPriority(config) });
  return { ...parts, play, pace: new ReplayPace(config, uplink, epsilons) };
}

/** The inbox once there is a replay: the learner makes it, and makes it again where Redis lost it. */
async function waitForInbox(open: () => Promise<Inbox>, log: Logger, signal: AbortSignal): Promise<Inbox> {
  for (let tries = 1; ; tries++) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof ReplayMissingError)) throw error;
      if (tries === 1) log.info('Waiting for the replay, which the learner makes.');
      await sleep(backoff(tries), undefined, { signal });
    }
  }
}
