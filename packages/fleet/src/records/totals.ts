import { type FleetTotals, recordKinds, refusedTotal, zeroTotals } from '@qfleet/metrics';
import type { RedisClient } from '@qfleet/replay';
import { fleetKeys } from '../keys.ts';
import { admitCount } from './admit.ts';
import { readFields } from './read.ts';
import { refusedRecords } from './refusals.ts';

/** Redis writes sums of fractions with all of their digits. */
const MOST_BYTES = 512;
/** The totals' fields. */
export const TOTALS = Object.keys(zeroTotals()) as (keyof FleetTotals)[];

/**
 * Reads the counters that outlive their processes, again and again. One that is refused stays as it was at the reading
 * before.
 */
export class TotalsReader {
  readonly #redis: RedisClient;
  readonly #run: string;
  #totals = zeroTotals();

  constructor(redis: RedisClient, run: string) {
    this.#redis = redis;
    this.#run = run;
  }

  async read(): Promise<FleetTotals> {
    const key = fleetKeys(this.#run).totals;
    const texts = await readFields(this.#redis, 'totals', key, TOTALS, MOST_BYTES);
    const totals = { ...this.#totals };
    for (const name of TOTALS) {
      totals[name] = admitCount('totals', name, texts[name]) ?? totals[name];
    }
    // What this process has refused may be what keeps its heartbeat from being counted.
    const own = refusedRecords();
    for (const name of recordKinds.map(refusedTotal)) totals[name] = Math.max(totals[name], own[name] ?? 0);
    this.#totals = totals;
    return totals;
  }
}
