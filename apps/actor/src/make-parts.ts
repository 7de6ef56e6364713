import { setTimeout as sleep } from 'node:timers/promises';
import { checkAgentParameters, createPolicy, type NamedTensors, type Policy } from '@qfleet/agents';
import { learnsFromRounds, type RunConfig, speaks, type TokenQRunConfig } from '@qfleet/config';
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
  type Layout,
  openReplayInbox,
  type RedisClient,
  ReplayMissingError,
} from '@qfleet/replay';
import {
  errorPolicy,
  initialPriority,
  openTask,
  openTextTask,
  Rollout,
  type RolloutOptions,
  roundLayout,
  TextRollout,
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
  /** What takes up new weights. */
  readonly policy: Pick<Policy, 'load'>;
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
  if (config.environment.onError === 'restart') outliveUserCode();
  const environmentErrors = { count: 0 };
  const epsilons = new Epsilons(config);
  // The end of a long name is this life's own.
  const writer = env.id.slice(-MOST_NAME);
  const common = {
    ...{ writer, seed: config.seed },
    epsilon: (slot: number) => epsilons.of(slot),
    ...errorPolicy(config),
    onSurvived: ({ message }: Error) => {
      const sentence = `${message} It is made again, and the run goes on.`;
      // The others are counted.
      if (environmentErrors.count++ === 0) warn(sentence);
      else log.warn(sentence);
    },
  };
  const playing = speaks(config)
    ? await speakingWith(config, common)
    : await playingWith(config, {
        ...common,
        onInfoRefused: (sentence) => log.warn(sentence),
        ...(spans ? { onChunk: (chunk) => spans.closed(chunk) } : {}),
      });
  const { layout: handed } = playing;
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
  const { policy, play } = playing;
  const parts = { policy, uplink, epsilons, environmentErrors, spans, weights, announcements };
  if (learnsFromRounds(config) && play instanceof RoundPlay)
    return { ...parts, play, pace: new RoundPace(config.agent, play, epsilons) };
  return { ...parts, play, pace: new ReplayPace(config, uplink, epsilons) };
}

/** What an actor plays by, and the layout of the chunks that it hands in. */
interface Playing {
  readonly policy: Pick<Policy, 'load'>;
  readonly play: Play;
  readonly layout: Layout;
}

/** What every kind of play is told. */
type Common = Pick<RolloutOptions, 'writer' | 'seed' | 'epsilon' | 'onError' | 'onSurvived'>;

/** Plays numbered actions. */
async function playingWith(
  config: RunConfig,
  given: Common & Pick<RolloutOptions, 'onInfoRefused' | 'onChunk'>,
): Promise<Playing> {
  const { definition, layout } = await openTask(config);
  const policy = await createPolicy({
    config: config.agent,
    spec: layout,
    selector: config.exploration.selector,
    explores: true,
  });
  const playing = { ...given, definition, layout, policy };
  if (learnsFromRounds(config)) {
    const chunks = roundLayout(layout);
    return { policy, play: new RoundPlay({ ...playing, steps: config.agent.steps, chunks }), layout: chunks };
  }
  const { chunkLength } = config.replay;
  return { policy, play: new Rollout({ ...playing, chunkLength, ...initialPriority(config) }), layout };
}

/** Speaks. */
async function speakingWith(config: TokenQRunConfig, given: Common): Promise<Playing> {
  const { definition, layout } = await openTextTask(config);
  const { agent, replay, fleet } = config;
  const play = new TextRollout({
    ...{ ...given, definition, layout, config: agent },
    ...{ chunkLength: replay.chunkLength, slots: fleet.slotsPerActor },
  });
  const load = (tensors: NamedTensors) => {
    checkAgentParameters({ config: agent, spec: layout }, tensors);
    play.load(tensors);
  };
  return { policy: { load }, play, layout };
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
