import { learnsFromRounds, type RunConfig } from '@qfleet/config';
import { UsageError } from '../errors.ts';

/** The options of a command that may do nothing offline. */
export interface OfflineOptions {
  readonly set?: readonly string[];
  readonly actors?: number;
  readonly redis?: string;
  readonly maxSteps?: number;
  readonly keepReplay?: true;
}

/** Fields of the configuration, or parts of it, that nothing reads where nothing is played. */
const IDLE = [
  'exploration',
  'fleet',
  'learner.publishEvery',
  'replay.capacityBytes',
  'replay.samplesPerInsert',
  'replay.shards',
  'stop.maxSteps',
];

/** @throws UsageError for an option that an offline run would not heed. */
export function checkOfflineOptions({ set = [], actors, redis, maxSteps, keepReplay }: OfflineOptions): void {
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
  const { maxUpdates, maxSteps, maxSeconds } = config.stop;
  if (maxSteps !== null && maxUpdates === null && maxSeconds === null) {
    throw new UsageError(
      `Only stop.maxSteps, ${maxSteps}, ends this run, and no step is taken offline: give --max-updates or --max-seconds.`,
    );
  }
}
