import { type Logger, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';

export type { Logger } from 'pino';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The most bytes of lines that wait for a full disk or a full pipe; later lines are lost. */
const LONGEST_WAIT_BYTES = 1 << 20;

/**
 * Structured logs on stderr: JSON lines, or readable ones where stderr is a terminal. That they can't be written ends no
 * process: lines wait for room on a full disk or in a full pipe, and are lost where nobody reads them any more.
 */
export function createLogger(
  level: LogLevel,
  bindings: { run?: string; process?: string; role?: string; trace_id?: string } = {},
): Logger {
  // Synchronous, so that what was logged before a crash can be read.
  const destination = pino.destination({
    dest: 2,
    sync: true,
    maxLength: LONGEST_WAIT_BYTES,
    // A pipe whose reader is slow is full: the process goes on, and the lines with the next one.
    retryEAGAIN: () => false,
  });
  destination.removeAllListeners('error').on('error', () => undefined);
  const readable = process.stderr.isTTY
    ? prettyFactory({ colorize: true, ignore: 'pid,hostname,run,process,trace_id' })
    : (line: string) => line;
  return pino({ level, base: bindings }, { write: (line) => void destination.write(readable(line)) });
}
