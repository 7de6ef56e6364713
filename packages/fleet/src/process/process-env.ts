import { nanoid } from 'nanoid';
import { FleetConfigurationError } from '../errors.ts';
import { checkRunId } from '../keys.ts';
import { LOG_LEVELS, type LogLevel } from '../logger.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** What a process of a fleet takes from its environment variables. */
export interface ProcessEnv {
  /** QFLEET_REDIS_URL; see `redisOptionsOf` for the variables beside it. */
  readonly redisUrl: string;
  /** QFLEET_RUN: the run's id. */
  readonly run: string;
  /** QFLEET_RUN_DIR: where a learner keeps checkpoints; null: not given. */
  readonly runDir: string | null;
  /** QFLEET_CONFIG: the file that a learner creates the run from where there is none; null: not given. */
  readonly config: string | null;
  /** QFLEET_PROCESS_ID: a name that stays over restarts, so that they can be counted; null: not given. */
  readonly name: string | null;
  /** The id of this one life of the process, unique in the run. */
  readonly id: string;
  /** QFLEET_LOG_LEVEL. */
  readonly logLevel: LogLevel;
  /**
   * OTEL_TRACES_SAMPLER_ARG: the share of chunks whose life is traced. Null: none are, as OTEL_EXPORTER_OTLP_ENDPOINT
   * (or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) is not set.
   */
  readonly traceRatio: number | null;
  /** QFLEET_STALL_SECONDS: for how long the event loop may be held up. */
  readonly stallSeconds: number;
  /** QFLEET_HEALTH_FILE: what a health check looks at; null: not given. */
  readonly healthFile: string | null;
}

/**
 * Reads the environment variables of a process of a fleet.
 * @throws FleetConfigurationError naming the variable, what it held and what it may hold.
 */
export function readProcessEnv(env: Env = process.env): ProcessEnv {
  const required = (name: string, example: string): string => {
    const value = env[name];
    if (!value) throw new FleetConfigurationError(`${name} is not set: give it as ${name}=${example}.`);
    return value;
  };
  const redisUrl = required('QFLEET_REDIS_URL', 'redis://host:6379');
  const run = checkRunId(required('QFLEET_RUN', 'the-run-id'));
  const name = env['QFLEET_PROCESS_ID'] || null;
  if (name !== null && !/^[A-Za-z0-9._-]{1,64}$/.test(name)) {
    throw new FleetConfigurationError(
      `QFLEET_PROCESS_ID is ${JSON.stringify(name)}: use letters, digits, ".", "_" and "-", 64 at most.`,
    );
  }
  const logLevel = env['QFLEET_LOG_LEVEL'] || 'info';
  if (!isLogLevel(logLevel)) {
    throw new FleetConfigurationError(
      `QFLEET_LOG_LEVEL is ${JSON.stringify(logLevel)}: use ${LOG_LEVELS.join(', ')}.`,
    );
  }
  return {
    redisUrl,
    run,
    runDir: env['QFLEET_RUN_DIR'] || null,
    config: env['QFLEET_CONFIG'] || null,
    name,
    id: name === null ? nanoid(12) : `${name}.${nanoid(8)}`,
    logLevel,
    traceRatio: traceRatioOf(env),
    stallSeconds: readStallSeconds(env),
    healthFile: env['QFLEET_HEALTH_FILE'] || null,
  };
}

/** Well above what loading, tracing and the first call of a large network take. */
const DEFAULT_STALL_SECONDS = 300;
const LEAST_STALL_SECONDS = 10;

/**
 * Reads QFLEET_STALL_SECONDS.
 * @throws FleetConfigurationError
 */
export function readStallSeconds(env: Env): number {
  const text = env['QFLEET_STALL_SECONDS'] || String(DEFAULT_STALL_SECONDS);
  const seconds = Number(text);
  if (!(seconds >= LEAST_STALL_SECONDS && seconds <= 86_400)) {
    throw new FleetConfigurationError(
      `QFLEET_STALL_SECONDS is ${JSON.stringify(text)}: use seconds from ${LEAST_STALL_SECONDS} to 86400, as in ${DEFAULT_STALL_SECONDS}.`,
    );
  }
  return seconds;
}

/** The share of chunks that is traced: a fleet makes thousands a second. */
const DEFAULT_TRACE_RATIO = 0.01;

function traceRatioOf(env: Env): number | null {
  const endpoint = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (!endpoint || env['OTEL_SDK_DISABLED'] === 'true') return null;
  if (!/^https?:/.test(URL.parse(endpoint)?.protocol ?? '')) {
    throw new FleetConfigurationError(
      `OTEL_EXPORTER_OTLP_ENDPOINT is ${JSON.stringify(endpoint)}: use a URL, as in http://host:4318.`,
    );
  }
  const text = env['OTEL_TRACES_SAMPLER_ARG'] || String(DEFAULT_TRACE_RATIO);
  const ratio = Number(text);
  if (!(ratio >= 0 && ratio <= 1)) {
    throw new FleetConfigurationError(
      `OTEL_TRACES_SAMPLER_ARG is ${JSON.stringify(text)}: use a share of chunks from 0 to 1, as in 0.01.`,
    );
  }
  return ratio;
}

const isLogLevel = (level: string): level is LogLevel => LOG_LEVELS.some((known) => known === level);
