import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { checkChanges, type RunConfig, runSchema } from '@qfleet/config';
import type { RunPhase } from '@qfleet/metrics';
import type { RedisClient } from '@qfleet/replay';
import { FleetConfigurationError } from '../errors.ts';
import { fleetKeys } from '../keys.ts';
import type { Logger } from '../logger.ts';
import { phaseOf, type RunRecord, readRun, reasonOf } from '../records/run.ts';
import { reviseScript, setPhaseScript } from '../scripts/run.lua.ts';
import { unlessAborted } from '../unless-aborted.ts';
import { version } from '../version.ts';
import type { LearnerLease } from './learner-lease.ts';
import { ownConfig } from './own-config.ts';

export type { RunPhase } from '@qfleet/metrics';
export { type RunRecord, readRun } from '../records/run.ts';

const WAIT_POLL_MS = 250;
const WAIT_LOG_MS = 30_000;

/**
 * Writes the run record, in phase `starting`, where there is none; a record of the same configuration is left as
 * it is, so that a learner may call this at every start, and again where Redis lost it.
 *
 * @returns whether it was written now.
 * @throws FleetConfigurationError where the run exists with another configuration, naming the first difference, and where
 *   its record is refused.
 */
export async function createRun(redis: RedisClient, run: string, config: RunConfig): Promise<boolean> {
  const key = fleetKeys(run).run;
  // One transaction: nobody sees a record without its phase.
  const replies = await redis
    .multi()
    .hsetnx(key, 'config', JSON.stringify(config))
    .hsetnx(key, 'startedAt', Date.now())
    .hsetnx(key, 'phase', 'starting' satisfies RunPhase)
    .hsetnx(key, 'version', version)
    .exec();
  if (replies![0][1] === 1) return true;
  const kept = await readRun(redis, run);
  const difference = kept && firstDifference(comparable(kept.config), comparable(config));
  if (difference !== null) {
    throw new FleetConfigurationError(
      `Run ${run} exists with another configuration (${difference}): choose another run id, or the same configuration; settings of a run that goes on change with \`qfleet resume RUN_DIR --set path=value\`.`,
    );
  }
  return false;
}

/**
 * As `createRun`, but replaces the configuration of a record that is there, as far as a run's settings may change. It
 * is for whoever starts the run's processes again. Those that are alive notice, and end to be started again.
 *
 * @throws ConfigError naming each field that may not change.
 */
export async function reviseRun(redis: RedisClient, run: string, config: RunConfig): Promise<void> {
  const { run: key } = fleetKeys(run);
  for (;;) {
    const kept = await redis.hget(key, 'config');
    if (kept === null) await createRun(redis, run, config);
    else {
      // It goes on with this version, whichever began it.
      await redis.hset(key, 'version', version);
      const changes = checkChanges(runSchema.parse(JSON.parse(kept)), config);
      const wanted = JSON.stringify(config);
      if (changes.length === 0 && kept === wanted) return;
      if ((await redis.eval(reviseScript, 1, key, kept, wanted)) === 1) return;
    }
  }
}

/**
 * Writes the record again as it is here, for a learner whose heartbeat finds that Redis lost it. Leases are then seeded
 * again by `seedLeases`, weights published again, and the replay fills up again.
 */
export async function restoreRun(redis: RedisClient, record: RunRecord): Promise<void> {
  const key = fleetKeys(record.run).run;
  await redis
    .multi()
    .hsetnx(key, 'config', JSON.stringify(record.config))
    .hsetnx(key, 'startedAt', record.startedAt)
    .hsetnx(key, 'phase', record.phase)
    .hsetnx(key, 'revision', record.revision)
    .hsetnx(key, 'version', version)
    .exec();
}

export interface WaitForRunOptions {
  /** Also wait while the run is over: it may be resumed. */
  readonly active?: boolean;
  /** The configuration that this process has itself; left out: the record's, as `ownConfig` makes it this machine's. */
  readonly config?: RunConfig;
  readonly log?: Logger;
  readonly signal?: AbortSignal;
}

/**
 * The run record, waited for, as this machine runs it (`ownConfig`): a process may be started before the run is.
 * @throws FleetConfigurationError for a record that is refused, or that this machine can't run; the signal's reason when
 *   it is aborted.
 */
export async function waitForRun(
  redis: RedisClient,
  run: string,
  options: WaitForRunOptions = {},
): Promise<RunRecord> {
  const { active = false, log, signal } = options;
  let logAt = performance.now();
  for (;;) {
    const record = await unlessAborted(readRun(redis, run), signal);
    if (record && !(active && isOver(record.phase))) {
      checkVersion(record);
      return { ...record, config: options.config ?? ownConfig(record, redis) };
    }
    if (performance.now() >= logAt) {
      log?.info(`Waiting for run ${run}: ${record ? `it is ${record.phase}` : 'nobody has created it yet'}.`);
      logAt += WAIT_LOG_MS;
    }
    await sleep(WAIT_POLL_MS, undefined, signal ? { signal } : {});
  }
}

/** @throws FleetConfigurationError where a run is another version's: what its processes tell each other may mean something else. */
function checkVersion({ run, version: theirs }: RunRecord): void {
  if (theirs === null || theirs === version) return;
  throw new FleetConfigurationError(
    `Run ${run} is trained by Qfleet ${theirs}, and this process is ${version}: install ${theirs} here, or start the run with ${version}.`,
  );
}

/** Whether a run has ended, so that the processes that work for it end too. */
export const isOver = (phase: RunPhase): boolean =>
  phase === 'stopped' || phase === 'finished' || phase === 'failed';

/**
 * Moves the run to `phase`: starting → running → stopping → stopped, finished or failed, steps may be left out, never
 * back; only `starting` is possible from everywhere (a resumed run).
 *
 * @param lease of the learner that moves it: once another took over, the run stays as it is.
 * @returns the phase that holds now: another one where the move was not allowed; null: there is no such run, or it is
 *   another learner's.
 */
export async function setPhase(
  redis: RedisClient,
  run: string,
  phase: RunPhase,
  reason = '',
  lease: LearnerLease | null = null,
): Promise<RunPhase | null> {
  const keys = fleetKeys(run);
  const token = lease?.token ?? '';
  return (await redis.eval(setPhaseScript, 2, keys.run, keys.fence, phase, reason, token)) as RunPhase | null;
}

export async function readPhase(
  redis: RedisClient,
  run: string,
): Promise<{ readonly phase: RunPhase; readonly reason: string | null } | null> {
  const [phase, reason] = await redis.hmget(fleetKeys(run).run, 'phase', 'reason');
  const known = phaseOf(phase);
  return known && { phase: known, reason: reasonOf(reason) };
}

/** The configuration as JSON keeps it, without the path of a module, which is each machine's own. */
function comparable(config: RunConfig): unknown {
  const { module } = config.environment;
  const environment = { ...config.environment, ...(module === undefined ? {} : { module: 'a module' }) };
  return JSON.parse(JSON.stringify({ ...config, environment }));
}

/** As `agent.discount: 0.99 there, 0.9 here`; null: none. */
function firstDifference(there: unknown, here: unknown, path = ''): string | null {
  if (isDeepStrictEqual(there, here)) return null;
  if (isRecord(there) && isRecord(here)) {
    for (const name of new Set([...Object.keys(there), ...Object.keys(here)])) {
      const found = firstDifference(there[name], here[name], path ? `${path}.${name}` : name);
      if (found !== null) return found;
    }
  }
  return `${path}: ${JSON.stringify(there)} there, ${JSON.stringify(here)} here`;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
