import { createLogger, type Logger, type LogLevel } from '@qfleet/fleet';
import { pino } from 'pino';
import { style } from '../output.ts';
import type { Display } from './display.ts';

/** Logs of a session: warnings unless QFLEET_LOG_LEVEL says otherwise, above the block where there is one. */
export function sessionLog(display: Display, run: string): Logger {
  const level = (process.env['QFLEET_LOG_LEVEL'] || 'warn') as LogLevel;
  if (!display.inPlace) return createLogger(level, { run, role: 'supervisor' });
  const write = (line: string): void => {
    const { msg } = JSON.parse(line) as { msg: string };
    display.say(style('yellow', msg));
  };
  return pino({ level, base: null }, { write });
}
