import { ConfigError } from '@qfleet/config';
import { EnvironmentDefinitionError, EnvironmentError } from '@qfleet/envs';
import type { RedisClient } from '@qfleet/replay';
import { TensorRuntimeError } from '@qfleet/tensor';
import { processTrace, startTracing, type Tracer } from '@qfleet/tracing';
import { DivergenceError } from '@qfleet/training';
import { connectRedis } from './connect.ts';
import { FleetConfigurationError, messageOf } from './errors.ts';
import type { Role } from './heartbeats.ts';
import { oneLine, sayLastWords } from './last-words.ts';
import { createLogger, type Logger } from './logger.ts';
import { outlastRefusedWrites } from './outlast.ts';
import { type ProcessEnv, readProcessEnv } from './process-env.ts';

/** What the main function of a process gets. */
export interface ProcessContext {
  readonly env: ProcessEnv;
  readonly log: Logger;
  readonly redis: RedisClient;
  /** Null: nothing is traced. */
  readonly tracer: Tracer | null;
  /** Aborted when the process is to drain and end: SIGTERM, SIGINT, SIGHUP, or its supervisor is gone. */
  readonly signal: AbortSignal;
  /** `outlastRefusedWrites` with this log and signal: for what a process writes before its work begins. */
  readonly outlast: <T>(task: () => Promise<T>) => Promise<T>;
}

/** Seconds that a process waits for a Redis that is not up yet: processes may be started in any order. */
export const REDIS_PATIENCE_SECONDS = 60;

/** After that a draining process ends as it is: within the 10 seconds that containers are given by default. */
export const DRAIN_SECONDS = 9;

/** What says that a process was configured wrongly: to start it again would be in vain. */
// A user's environment that breaks its contract would do so again: to start the process anew helps nobody.
const REFUSALS = [
  FleetConfigurationError,
  ConfigError,
  EnvironmentDefinitionError,
  EnvironmentError,
  TensorRuntimeError,
];

/**
 * The frame of every process of a fleet: environment, logger, connection, signals, exit code. `main` returns when its
 * work is done, or soon after `signal` is aborted. A second signal ends the process at once. What it throws becomes one
 * sentence on stderr and exit code 1, or 2 for a configuration or an environment that is refused.
 */
export async function runProcess(
  role: Role,
  main: (context: ProcessContext) => Promise<void>,
): Promise<never> {
  const drain = new AbortController();
  const end = (why: string): void => {
    if (drain.signal.aborted) process.exit(1);
    drain.abort(new Error(why));
    setTimeout(() => {
      process.stderr.write(`The ${role} could not end in order within ${DRAIN_SECONDS} seconds.\n`);
      process.exit(1);
    }, DRAIN_SECONDS * 1000).unref();
  };
  process.on('SIGTERM', () => end('SIGTERM'));
  process.on('SIGINT', () => end('SIGINT'));
  process.on('SIGHUP', () => end('SIGHUP'));
  // Work goes on where its output can't be written: nobody reads it, or its disk is full.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  if (process.channel) {
    process.on('disconnect', () => end('the supervisor is gone'));
    // It is no reason to live on.
    process.channel.unref();
  }
  process.exit(await run(role, main, drain.signal));
}

async function run(
  role: Role,
  main: (context: ProcessContext) => Promise<void>,
  signal: AbortSignal,
): Promise<number> {
  try {
    const env = readProcessEnv();
    const { traceId } = processTrace(env.run, env.id);
    const log = createLogger(env.logLevel, { run: env.run, process: env.id, role, trace_id: traceId });
    const tracer = await tracerOf(role, env, log);
    try {
      const redis = await connectRedis(env.redisUrl, { role, patience: REDIS_PATIENCE_SECONDS, log, signal });
      try {
        const outlast = <T>(task: () => Promise<T>) => outlastRefusedWrites(task, { log, signal });
        await main({ env, log, redis, tracer, signal, outlast });
      } finally {
        redis.disconnect();
      }
    } finally {
      await tracer?.close();
    }
    return 0;
  } catch (error) {
    if (signal.aborted && isAbort(error, signal)) return 0;
    const sentence = oneLine(messageOf(error));
    process.stderr.write(`${sentence}\n`);
    const isRefusal = REFUSALS.some((kind) => error instanceof kind);
    await sayLastWords({ sentence, isFinal: isRefusal || error instanceof DivergenceError });
    if (process.env['QFLEET_LOG_LEVEL'] === 'debug') process.stderr.write(`${(error as Error).stack}\n`);
    return isRefusal ? 2 : 1;
  }
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
