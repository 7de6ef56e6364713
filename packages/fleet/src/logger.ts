import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { LogLevel } from './process-env.ts';

export type { Logger } from 'pino';

/** Structured logs on stderr: JSON lines, or readable ones where stderr is a terminal. */
export function createLogger(
  level: LogLevel,
  bindings: { run?: string; process?: string; role?: string; trace_id?: string } = {},
): Logger {
  // Synchronous: what was logged before a crash is there to read.
  const stream = process.stderr.isTTY
    ? pretty({ destination: 2, sync: true, ignore: 'pid,hostname,run,process,trace_id' })
    : pino.destination({ dest: 2, sync: true });
  return pino({ level, base: bindings }, stream);
}
