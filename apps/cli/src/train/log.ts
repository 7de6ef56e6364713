import type { Logger, LogLevel } from '@qfleet/fleet';
import { pino } from 'pino';
import type { LiveDisplay } from '../terminal/live-display.ts';

/** Logs of a session, as plain sentences among its progress: warnings unless QFLEET_LOG_LEVEL says otherwise. */
export function sessionLog(display: Pick<LiveDisplay<unknown>, 'warn'>): Logger {
  const level = (process.env['QFLEET_LOG_LEVEL'] || 'warn') as LogLevel;
  const write = (line: string): void => display.warn((JSON.parse(line) as { msg: string }).msg);
  return pino({ level, base: null }, { write });
}
