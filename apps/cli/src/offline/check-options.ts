import { learnsFromRounds, type RunConfig, speaks } from '@qfleet/config';
import { UsageError } from '../errors.ts';

/** The options of a command that may do nothing offline. */
export interface OfflineOptions {
  readonly set?: readonly string[];
  readonly actors?: number;
  readonly redis?: string;
  readonly maxSteps?: number;
  readonly keepReplay?: true;
  readonly data?: string;
}

/** Fields of the configuration, or parts of it, that nothing reads where nothing is played. */
const IDLE = [
  'agent.data.episodes',
  'agent.data.updates',
  'exploration',
  'fleet',
  'learner.publishEvery',
  'replay.capacityBytes',
  'replay.samplesPerInsert',
  'replay.shards',
  'stop.maxSteps',
];

/** @throws UsageError for an option that an offline run would not heed. */
export function checkOfflineOptions(options: OfflineOptions): void {
  const { set = [], actors, redis, maxSteps, keepReplay, data } = options;
  if (data !== undefined) {
    throw new UsageError('--data and --offline both name what the run learns from: leave one of them out.');
  }
  if (redis !== undefined) {
    throw new UsageError('--offline learns in this process, from a replay in memory: leave --redis out.');
  }
  const refuse = (option: string, isGiven: boolean): void => {
    if (isGiven) {
      throw new UsageError(`${option} does nothing with --offline, where nothing is played: leave it out.`);
    }
  };
  refuse('--actors', actors !== undefined);
  refuse('--max-steps', maxSteps !== undefined);
  refuse('--keep-replay', keepReplay === true);
  for (const override of set) {
    const [path] = override.split('=');
    refuse(
      `--set ${override}`,
      IDLE.some((field) => path === field || path.startsWith(`${field}.`)),
    );
  }
}

/** @throws UsageError for a run that can't learn from recorded experience, or would never end. */
export function checkOfflineRun(config: RunConfig): void {
  if (learnsFromRounds(config)) {
    throw new UsageError(
      'agent.kind is pqn, which learns from rounds that it plays itself: take a method with a replay for --offline, as double-dqn.',
    );
  }
  if (speaks(config) && (config.agent.data?.best ?? 1) < 1) {
    throw new UsageError(
      `agent.data.best is ${config.agent.data!.best}, a part of whole episodes, and --offline takes all that is stored: set it to 1, ` +
        'or name whole dialogues with --data.',
    );
  }
  const { maxUpdates, maxSteps, maxSeconds } = config.stop;
  if (maxSteps !== null && maxUpdates === null && maxSeconds === null) {
    throw new UsageError(
      `Only stop.maxSteps, ${maxSteps}, ends this run, and no step is taken offline: give --max-updates or --max-seconds.`,
    );
  }
}

/** The configuration of an offline run: an agent that speaks learns from what is recorded alone. */
export const offlineConfig = (config: RunConfig): RunConfig =>
  speaks(config)
    ? { ...config, agent: { ...config.agent, data: { episodes: null, best: 1, updates: null } } }
    : config;
