import { setTimeout as sleep } from 'node:timers/promises';
import { FleetReader } from '@qfleet/fleet';
import type { FleetState } from '@qfleet/metrics';
import logUpdate from 'log-update';
import { CommandError } from '../errors.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { fitRows, print, printJson, style } from '../terminal/output.ts';
import type { TopOptions } from './connect.ts';
import { findFleet } from './connect.ts';
import { onQuitKey } from './quit-key.ts';
import { renderFleet } from './render.ts';

const INTERVAL_MS = 1_000;
/** Readings that rates are taken over: heartbeats come once a second. */
const WINDOW = 4;

/** `qfleet top`: in place on a terminal until `q` or Ctrl-C; elsewhere, and with --json, once. */
export async function top(path: string | undefined, options: TopOptions): Promise<void> {
  const { redis, run, shards } = await findFleet(path, options);
  const reader = new FleetReader(redis, run, shards);
  try {
    const readings = [await read(reader, run)];
    if (options.json) return await printJson(readings[0]);
    if (process.stdout.isTTY !== true) {
      // Two heartbeats later there are rates.
      await sleep(2 * INTERVAL_MS);
      readings.push(await read(reader, run));
      return await print(renderFleet({ before: readings[0], now: readings[1] }));
    }
    await live(reader, run, readings);
  } finally {
    await reader.close();
    redis.disconnect();
  }
}

/** How the view is left, on a line of its own. */
const HINT = `\n\n${style('dim', 'q: quit')}`;

async function live(reader: FleetReader, run: string, readings: FleetState[]): Promise<void> {
  const interrupt = new Interrupt(() => undefined);
  const quit = new AbortController();
  const giveBack = onQuitKey(() => quit.abort());
  const signal = AbortSignal.any([interrupt.signal, quit.signal]);
  const show = (): void => {
    const { columns, rows } = process.stdout;
    const text = `${renderFleet({ before: readings[0], now: readings.at(-1)! }, columns)}${HINT}`;
    logUpdate(fitRows(text, rows, columns));
  };
  process.stdout.on('resize', show);
  try {
    while (!signal.aborted) {
      show();
      await sleep(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) break;
      readings.push(await read(reader, run));
      if (readings.length > WINDOW) readings.shift();
    }
  } finally {
    process.stdout.off('resize', show);
    giveBack();
    interrupt.stop();
    logUpdate.done();
  }
}

async function read(reader: FleetReader, run: string): Promise<FleetState> {
  const state = await reader.read();
  if (state === null) throw new CommandError(`There is no run ${run} on this Redis: see --run.`);
  return state;
}
