import { setTimeout as sleep } from 'node:timers/promises';
import {
  createRun,
  displayUrl,
  FleetReader,
  Heartbeats,
  isOver,
  type Logger,
  readPhase,
  reportRefusals,
  reviseRun,
  setPhase,
  unlessAborted,
} from '@qfleet/fleet';
import type { FleetState } from '@qfleet/metrics';
import { type RunDirectory, readLaunch, redisFolderOf, writeLaunch } from '@qfleet/report';
import type { StopReason } from '@qfleet/training';
import { nanoid } from 'nanoid';
import { openRedis, type Redis } from '../fleet-redis.ts';
import { assignments, suggest } from '../suggest.ts';
import { FleetProgress } from './fleet-progress.ts';
import { sessionLog } from './log.ts';
import { OwnRedis } from './own-redis.ts';
import { ownVariables } from './own-variables.ts';
import { FleetProcesses } from './processes.ts';
import type { Session, SessionEnd } from './session.ts';
import { Standstill } from './standstill.ts';

const POLL_MS = 250;
/** How long the run's own Redis, which is started again where it dies, may take to answer. */
const OWN_REDIS_PATIENCE_SECONDS = 60;
/** How long a run's end waits for a Redis that is away. */
const AWAY_AT_END_MS = 5_000;

/**
 * Trains with processes on this machine: starts them, shows how they do, and ends them in order.
 *
 * @param redisUrl an existing Redis; null: the run gets a server of its own.
 * @throws FleetError before any of them is started.
 */
export async function trainFleet(session: Session, redisUrl: string | null): Promise<SessionEnd> {
  const log = sessionLog(session.display);
  reportRefusals(log);
  if (redisUrl !== null) return trainOn(redisUrl, session, log, null);
  const { signal, directory } = session;
  let own: OwnRedis;
  try {
    own = await OwnRedis.start({ dir: redisFolderOf(directory) }, log, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    return { stopReason: 'interrupted', failure: null, steps: null, restarts: 0 };
  }
  writeLaunch(directory, { ...readLaunch(directory), ownRedis: own.url });
  try {
    return await trainOn(own.url, session, log, own.failed);
  } finally {
    await own.stop();
  }
}

/** @param redisFailed aborted when the run's own Redis is given up; null: it has none. */
async function trainOn(
  url: string,
  session: Session,
  log: Logger,
  redisFailed: AbortSignal | null,
): Promise<SessionEnd> {
  session.display.say(howToJoin(url, session.directory));
  const processes = new FleetProcesses(session.directory, url, log);
  const failed = AbortSignal.any([processes.supervisor.failed, ...(redisFailed ? [redisFailed] : [])]);
  const patience = redisFailed ? OWN_REDIS_PATIENCE_SECONDS : 0;
  const redis = await openRedis(url, log, { patience, signal: failed }).catch((error: unknown) => {
    throw failed.aborted ? failed.reason : error;
  });
  try {
    return await superviseRun(session, redis, processes, failed, log);
  } finally {
    redis.disconnect();
  }
}

/** What further actors are started with. */
function howToJoin(url: string, { run, config }: RunDirectory): string {
  const variables = {
    QFLEET_REDIS_URL: displayUrl(url),
    QFLEET_RUN: run,
    ...ownVariables(config, displayUrl),
  };
  return (
    `One more actor, ${url.startsWith('unix:') ? 'on this machine' : 'anywhere'}: ` +
    `${assignments(variables)} ${suggest('actor')}`
  );
}

async function superviseRun(
  session: Session,
  redis: Redis,
  processes: FleetProcesses,
  failed: AbortSignal,
  log: Logger,
): Promise<SessionEnd> {
  const { run, config } = session.directory;
  const reader = new FleetReader(redis, run, config.replay.shards);
  const heartbeats = new Heartbeats({
    redis,
    run,
    role: 'supervisor',
    id: `supervisor.${nanoid(8)}`,
    name: null,
    measure: () => ({ snapshot: { children: processes.living }, totals: {} }),
    log,
  });
  const kill = (): void => processes.kill();
  session.killed.addEventListener('abort', kill);
  try {
    const ending = AbortSignal.any([session.signal, failed]);
    const begin = async (): Promise<void> => {
      await (session.resume ? reviseRun(redis, run, config) : createRun(redis, run, config));
      if (session.resume) await setPhase(redis, run, 'starting');
      await heartbeats.start();
      if (!ending.aborted) processes.start();
    };
    await unlessAborted(begin(), ending).catch((error: unknown) => {
      if (!ending.aborted) throw error;
    });
    const outcome = await watch(session, redis, reader, failed, log);
    const { restarts } = processes;
    await processes.stop();
    // Actors may have had more in flight than the learner saw.
    const state = await unlessAway(reader.read()).catch(() => null);
    const steps = state?.totals.transitionsPushed ?? null;
    return { ...(await conclude(redis, run, outcome, log)), steps, restarts };
  } finally {
    await processes.stop();
    session.killed.removeEventListener('abort', kill);
    await unlessAway(Promise.all([heartbeats.stop(), reader.close()]));
  }
}

/** The result of `task`; undefined: Redis was away for too long. */
async function unlessAway<T>(task: Promise<T>): Promise<T | undefined> {
  const late = AbortSignal.timeout(AWAY_AT_END_MS);
  return unlessAborted(task, late).catch((error: unknown) => {
    if (late.aborted) return undefined;
    throw error;
  });
}

/** How a run stands at its end, and why. */
type Outcome = NonNullable<Awaited<ReturnType<typeof readPhase>>>;

/**
 * Shows progress until the run is over, the session is to end, or a process cannot run (then it has failed). A fleet
 * that can't be looked at trains on all the same.
 */
async function watch(
  session: Session,
  redis: Redis,
  reader: FleetReader,
  failed: AbortSignal,
  log: Logger,
): Promise<Outcome> {
  const ending = AbortSignal.any([session.signal, failed]);
  const progress = new FleetProgress(session);
  const standstill = new Standstill(session);
  let seen = true;
  const look = async (): Promise<FleetState | null> => {
    try {
      // With Redis away it may take for ever.
      const state = await unlessAborted(reader.read(), ending);
      if (!seen) log.warn('The fleet can be looked at again.');
      seen = true;
      return state;
    } catch (error) {
      if (seen && !ending.aborted)
        log.warn(`The fleet can't be looked at, and trains on: ${(error as Error).message}`);
      seen = false;
      return null;
    }
  };
  while (!ending.aborted) {
    const state = await look();
    if (state !== null && isOver(state.phase)) {
      const told = await unlessAway(readPhase(redis, state.run));
      return told ?? { phase: state.phase, reason: null };
    }
    for (const note of standstill.notes(state)) log.warn(note);
    if (state !== null) progress.show(state);
    if (standstill.isOverdue) {
      log.warn('The learner could not end the run at stop.maxSeconds: it is ended from here.');
      return { phase: 'finished', reason: 'maxSeconds' };
    }
    await sleep(POLL_MS, undefined, { signal: ending }).catch(() => undefined);
  }
  return failed.aborted
    ? { phase: 'failed', reason: (failed.reason as Error).message }
    : { phase: 'stopped', reason: 'interrupted' };
}

/** How the session ended, once all processes have: as the run's phase says, or, with Redis away, as it is to be. */
async function conclude(
  redis: Redis,
  run: string,
  outcome: Outcome,
  log: Logger,
): Promise<Pick<SessionEnd, 'stopReason' | 'failure'>> {
  const told = await unlessAway(
    setPhase(redis, run, outcome.phase, outcome.reason ?? '').then(() => readPhase(redis, run)),
  ).catch((error: Error) => {
    log.warn(`Redis refuses to note the run's end, until it is resumed: ${error.message}`);
    return null;
  });
  if (told === undefined) log.warn('Redis is away: it may say that the run goes on, until it is resumed.');
  const { phase, reason } = told ?? outcome;
  switch (phase) {
    case 'finished':
      return { stopReason: reason as StopReason, failure: null };
    case 'failed':
      return { stopReason: 'failed', failure: outcome.phase === 'failed' ? outcome.reason : reason };
    default:
      return { stopReason: 'interrupted', failure: null };
  }
}
