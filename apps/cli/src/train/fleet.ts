import { setTimeout as sleep } from 'node:timers/promises';
import {
  createRun,
  displayUrl,
  FleetReader,
  Heartbeats,
  isOver,
  type Logger,
  readPhase,
  setPhase,
  unlessAborted,
} from '@qfleet/fleet';
import type { StopReason } from '@qfleet/training';
import { nanoid } from 'nanoid';
import { openRedis, type Redis } from '../fleet-redis.ts';
import { suggest } from '../suggest.ts';
import { FleetProgress } from './fleet-progress.ts';
import { redisFolderOf, writeLaunch } from './launch.ts';
import { sessionLog } from './log.ts';
import { OwnRedis } from './own-redis.ts';
import { FleetProcesses } from './processes.ts';
import type { Session, SessionEnd } from './session.ts';

const POLL_MS = 250;
/** How long a run's end waits for a Redis that is away. */
const AWAY_AT_END_MS = 5_000;

/**
 * Trains with processes on this machine: starts them, shows how they do, and ends them in order.
 *
 * @param redisUrl an existing Redis; null: the run gets a server of its own.
 * @throws FleetError before anything is started.
 */
export async function trainFleet(session: Session, redisUrl: string | null): Promise<SessionEnd> {
  const log = sessionLog(session.display);
  const own = redisUrl === null ? await OwnRedis.start(redisFolderOf(session.directory), log) : null;
  if (own !== null) writeLaunch(session.directory, { mode: 'fleet', redis: null, ownRedis: own.url });
  try {
    const url = own?.url ?? redisUrl!;
    session.display.say(howToJoin(url, session.directory.run));
    const redis = await openRedis(url, log);
    try {
      return await superviseRun(session, redis, new FleetProcesses(session.directory, url, log), log);
    } finally {
      redis.disconnect();
    }
  } finally {
    await own?.stop();
  }
}

/** What further actors are started with. */
const howToJoin = (url: string, run: string): string =>
  `One more actor, ${url.startsWith('unix:') ? 'on this machine' : 'anywhere'}: ` +
  `QFLEET_REDIS_URL=${displayUrl(url)} QFLEET_RUN=${run} ${suggest('actor')}`;

async function superviseRun(
  session: Session,
  redis: Redis,
  processes: FleetProcesses,
  log: Logger,
): Promise<SessionEnd> {
  const { run, config } = session.directory;
  await createRun(redis, run, config);
  if (session.resume) await setPhase(redis, run, 'starting');
  const reader = new FleetReader(redis, run);
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
    await heartbeats.start();
    processes.start();
    const failure = await watch(session, reader, processes, log);
    const { restarts } = processes;
    await processes.stop();
    return await conclude(redis, run, failure, restarts, log);
  } finally {
    await processes.stop();
    session.killed.removeEventListener('abort', kill);
    await heartbeats.stop();
    await reader.close();
  }
}

/**
 * Shows progress until the run is over, the session is to end, or a process cannot run (then: why). Where the fleet can't
 * be looked at, it trains on all the same.
 */
async function watch(
  session: Session,
  reader: FleetReader,
  processes: FleetProcesses,
  log: Logger,
): Promise<string | null> {
  const { failed } = processes.supervisor;
  const ending = AbortSignal.any([session.signal, failed]);
  const progress = new FleetProgress(session);
  let seen = true;
  while (!ending.aborted) {
    try {
      // With Redis away the look may take for ever.
      const state = await unlessAborted(reader.read(), ending);
      if (!seen) log.warn('The fleet can be looked at again.');
      seen = true;
      if (state !== null && isOver(state.phase)) return null;
      if (state !== null) progress.show(state);
    } catch (error) {
      if (ending.aborted) break;
      if (seen) log.warn(`The fleet can't be looked at, and trains on: ${(error as Error).message}`);
      seen = false;
    }
    await sleep(POLL_MS, undefined, { signal: ending }).catch(() => undefined);
  }
  return failed.aborted ? (failed.reason as Error).message : null;
}

/** What the run's phase says, once all processes have ended; where Redis is away, what it would say. */
async function conclude(
  redis: Redis,
  run: string,
  failure: string | null,
  restarts: number,
  log: Logger,
): Promise<SessionEnd> {
  const phase = failure === null ? 'stopped' : 'failed';
  const late = AbortSignal.timeout(AWAY_AT_END_MS);
  const ended = setPhase(redis, run, phase, failure ?? 'interrupted').then(() => readPhase(redis, run));
  const now = await unlessAborted(ended, late).catch((error: unknown) => {
    if (!late.aborted) throw error;
    log.warn('Redis is away: who looks there sees the run go on, until it is resumed.');
    return { phase, reason: failure };
  });
  switch (now?.phase) {
    case 'finished':
      return { stopReason: now.reason as StopReason, failure: null, restarts };
    case 'failed':
      return { stopReason: 'failed', failure: failure ?? now.reason, restarts };
    default:
      return { stopReason: 'interrupted', failure: null, restarts };
  }
}
