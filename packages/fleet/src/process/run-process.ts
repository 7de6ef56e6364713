import { inspect } from 'node:util';
import { ConfigError } from '@qfleet/config';
import { containUserCode, watchUserCalls } from '@qfleet/env-host';
import { EnvironmentDefinitionError, EnvironmentError, UserCodeError } from '@qfleet/envs';
import type { RedisClient } from '@qfleet/replay';
import { TensorRuntimeError } from '@qfleet/tensor';
import { processTrace, startTracing, type Tracer } from '@qfleet/tracing';
import { DivergenceError } from '@qfleet/training';
import { endWithParent } from '@qfleet/watchdog';
import { FleetConfigurationError, messageOf } from '../errors.ts';
import { createLogger, type Logger } from '../logger.ts';
import { reportRefusals } from '../records/refusals.ts';
import { connectRedis } from '../redis/connect.ts';
import { outlastRefusedWrites } from '../redis/outlast.ts';
import { isOver, type RunRecord, readPhase } from '../run/run.ts';
import type { Role } from '../state/heartbeats.ts';
import { unlessAborted } from '../unless-aborted.ts';
import { watchEventLoop } from './event-loop.ts';
import { exitCodes } from './exit-codes.ts';
import { oneLine, sayLastWords, tellSupervisor } from './last-words.ts';
import { type ProcessEnv, readProcessEnv } from './process-env.ts';

/** What the main function of a process gets. */
export interface ProcessContext {
  readonly env: ProcessEnv;
  readonly log: Logger;
  readonly redis: RedisClient;
  /**
   * Opens a connection for one purpose, which is part of its name, so that what it carries holds nothing else up. It
   * ends with the process.
   */
  readonly connect: (purpose: string) => Promise<RedisClient>;
  /** Null: nothing is traced. */
  readonly tracer: Tracer | null;
  /** Aborted when the process is to drain and end: SIGTERM, SIGINT, SIGHUP, or its supervisor has ended. */
  readonly signal: AbortSignal;
  /** Has the process drain and end, to be started again, where the run's settings are no longer those of `record`. */
  readonly checkRevision: (record: Pick<RunRecord, 'revision'>, revision: number) => void;
  /** `outlastRefusedWrites` with this log and signal: for what a process writes before its work begins. */
  readonly outlast: <T>(task: () => Promise<T>) => Promise<T>;
  /** A warning for the log, and for the terminal of whoever started the fleet. */
  readonly warn: (sentence: string) => void;
  /** From now on this process is started again where the user's code fails beside its calls. */
  readonly outliveUserCode: () => void;
}

/** Seconds that a process waits for a Redis that is not up yet: processes may be started in any order. */
export const REDIS_PATIENCE_SECONDS = 60;

/** After that a draining process ends as it is: within the 10 seconds that containers are given by default. */
export const DRAIN_SECONDS = 9;

/** How long a process that was told to stop asks whether its run is over. */
const ASK_PHASE_MS = 1_000;

/** The errors that say that a process was configured wrongly, so that starting it again would not help. */
// A user's environment that breaks its contract would do so again: to start the process anew helps nobody.
const REFUSALS = [
  FleetConfigurationError,
  ConfigError,
  EnvironmentDefinitionError,
  EnvironmentError,
  UserCodeError,
  TensorRuntimeError,
];

/** Whether an error says so. */
const isRefusal = (error: unknown): boolean => REFUSALS.some((kind) => error instanceof kind);

/**
 * The frame of every process of a fleet: environment, logger, connection, signals, liveness, exit code (`exitCodes`).
 * `main` returns when its work is done, or soon after `signal` is aborted. A second signal ends the process at once. What
 * it throws becomes one sentence on stderr.
 */
export async function runProcess(
  role: Role,
  main: (context: ProcessContext) => Promise<void>,
): Promise<never> {
  const drain = new AbortController();
  const end = (why: string): void => {
    if (drain.signal.aborted) process.exit(exitCodes.failed);
    drain.abort(new Error(why));
    setTimeout(() => {
      process.stderr.write(`The ${role} could not end in order within ${DRAIN_SECONDS} seconds.\n`);
      process.exit(exitCodes.failed);
    }, DRAIN_SECONDS * 1000).unref();
  };
  process.on('SIGTERM', () => end('SIGTERM'));
  process.on('SIGINT', () => end('SIGINT'));
  process.on('SIGHUP', () => end('SIGHUP'));
  // Work goes on where its output can't be written: nobody reads it, or its disk is full.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  endWithParent(() => end('the supervisor is gone'), 2 * DRAIN_SECONDS * 1000);
  process.exit(await run(role, main, drain.signal, end));
}

async function run(
  role: Role,
  main: (context: ProcessContext) => Promise<void>,
  signal: AbortSignal,
  end: (why: string) => void,
): Promise<number> {
  try {
    const env = readProcessEnv();
    watchEventLoop({ role, ...env });
    const { traceId } = processTrace(env.run, env.id);
    const log = createLogger(env.logLevel, { run: env.run, process: env.id, role, trace_id: traceId });
    reportRefusals(log);
    const warn = (sentence: string): void => {
      log.warn(sentence);
      tellSupervisor(sentence);
    };
    const outliveUserCode = guardUserCode(warn);
    const tracer = await tracerOf(role, env, log);
    try {
      const redis = await connectRedis(env.redisUrl, { role, patience: REDIS_PATIENCE_SECONDS, log, signal });
      const more: RedisClient[] = [];
      // The first one tells of outages.
      const connect = async (purpose: string): Promise<RedisClient> => {
        const options = { role: `${role}-${purpose}`, patience: REDIS_PATIENCE_SECONDS, signal };
        const connection = await connectRedis(env.redisUrl, options);
        more.push(connection);
        return connection;
      };
      try {
        const outlast = <T>(task: () => Promise<T>) => outlastRefusedWrites(task, { log, signal });
        const checkRevision: ProcessContext['checkRevision'] = (record, revision) => {
          if (revision === record.revision || signal.aborted) return;
          log.info('The settings of the run were changed: this process ends, to be started again with them.');
          end('its settings were changed');
        };
        const context = {
          ...{ env, log, redis, connect, tracer, signal, outlast, warn },
          ...{ checkRevision, outliveUserCode },
        };
        await untilStopped(main(context), signal);
        return await endOf(redis, env.run, signal);
      } finally {
        for (const connection of [redis, ...more]) connection.disconnect();
      }
    } finally {
      await tracer?.close();
    }
  } catch (error) {
    if (signal.aborted && isAbort(error, signal)) return exitCodes.stopped;
    await sayWhy(error, isRefusal(error) || error instanceof DivergenceError);
    return isRefusal(error) ? exitCodes.refused : exitCodes.failed;
  }
}

/**
 * Ends this process in one sentence where a user's code fails beside its calls, and warns of a call that does not return.
 * @returns see `ProcessContext.outliveUserCode`.
 */
function guardUserCode(warn: (sentence: string) => void): () => void {
  let outlived = false;
  containUserCode((error) => {
    const isFinal = isRefusal(error) && !(outlived && error instanceof UserCodeError);
    // There is no time left for a promise, nor for what is buffered.
    void sayWhy(error, isFinal);
    process.exit(isFinal ? exitCodes.refused : exitCodes.failed);
  });
  watchUserCalls(warn);
  return () => {
    outlived = true;
  };
}

/** Says in the log and to the supervisor why this process ends. */
async function sayWhy(error: unknown, isFinal: boolean): Promise<void> {
  const sentence = oneLine(messageOf(error));
  process.stderr.write(`${sentence}\n`);
  if (process.env['QFLEET_LOG_LEVEL'] === 'debug') process.stderr.write(`${inspect(error)}\n`);
  await sayLastWords({ sentence, isFinal });
}

/** Waits for `task`. @throws what it throws, unless the signal ended one of its waits. */
async function untilStopped(task: Promise<void>, signal: AbortSignal): Promise<void> {
  try {
    await task;
  } catch (error) {
    if (!signal.aborted || !isAbort(error, signal)) throw error;
  }
}

/** The exit code of a process that ended in order. With Redis away its run counts as not over. */
async function endOf(redis: RedisClient, run: string, signal: AbortSignal): Promise<number> {
  if (!signal.aborted) return exitCodes.done;
  const found = await unlessAborted(readPhase(redis, run), AbortSignal.timeout(ASK_PHASE_MS)).catch(
    () => null,
  );
  return found !== null && isOver(found.phase) ? exitCodes.done : exitCodes.stopped;
}

async function tracerOf(
  role: Role,
  { run, id, traceRatio }: ProcessEnv,
  log: Logger,
): Promise<Tracer | null> {
  if (traceRatio === null) return null;
  return startTracing({ run, role, process: id, ratio: traceRatio, warn: (message) => log.warn(message) });
}

/** Whether the error is only that a wait was ended by the signal. */
const isAbort = (error: unknown, signal: AbortSignal): boolean =>
  error === signal.reason || (error instanceof Error && error.name === 'AbortError');
