import type { RecordKind } from '@qfleet/metrics';
import type { RedisClient } from '@qfleet/replay';
import { type FleetKeys, fleetKeys } from '../keys.ts';
import { admitCount } from '../records/admit.ts';
import { readFields } from '../records/read.ts';
import { refuse } from '../records/refusals.ts';
import { BUCKETS } from '../records/returns.ts';
import { TOTALS } from '../records/totals.ts';
import { isExhaustedScript } from '../scripts/episodes.lua.ts';
import { removeOtherTypesScript } from '../scripts/run.lua.ts';

const MOST_BYTES = 512;

/** What each key of a run is, and the kind of record that lies there. */
const TYPES = {
  run: ['hash', 'run'],
  processes: ['zset', 'heartbeat'],
  unended: ['set', 'heartbeat'],
  totals: ['hash', 'totals'],
  returns: ['hash', 'returns'],
  episodes: ['stream', 'episodes'],
  evaluations: ['list', 'evaluation'],
} as const satisfies Partial<Record<keyof FleetKeys, readonly [string, RecordKind]>>;
const NAMES = Object.keys(TYPES) as (keyof typeof TYPES)[];

/**
 * Sees to it that the run's own keys can be written to: each is of its type, and its counters can be added to. Every process
 * adds to them, so every one may leave there what is no number, or one that is too large: such a one is set to what it
 * was when it was last right. A key of another type is removed.
 */
export class RecordKeeper {
  readonly #redis: RedisClient;
  readonly #run: string;
  /** By key and field. */
  readonly #last = new Map<string, number>();

  constructor(redis: RedisClient, run: string) {
    this.#redis = redis;
    this.#run = run;
  }

  /** Looks at all counters once, and mends what is wrong. */
  async check(): Promise<void> {
    const { totals, returns, episodes } = fleetKeys(this.#run);
    await this.#removeOthers();
    await this.#mend('totals', totals, TOTALS, 0, false);
    await this.#mend('returns', returns, [...BUCKETS, 'before'], 0, true);
    await this.#mend('returns', returns, ['sum'], -Number.MAX_VALUE, false);
    if ((await this.#redis.eval(isExhaustedScript, 1, episodes)) === 1) {
      refuse('episodes', `${episodes} ends with a report of the future`);
      await this.#redis.unlink(episodes);
    }
  }

  async #removeOthers(): Promise<void> {
    const keys = fleetKeys(this.#run);
    const paths = NAMES.map((name) => keys[name]);
    const types = NAMES.map((name) => TYPES[name][0]);
    const removed = (await this.#redis.eval(
      removeOtherTypesScript,
      paths.length,
      ...paths,
      ...types,
    )) as string[];
    for (const name of NAMES.filter((each) => removed.includes(keys[each]))) {
      refuse(TYPES[name][1], `${keys[name]} was not of the type that it must be, and is removed`);
    }
  }

  /** @param whole fields with fractions are mended too: whole numbers can't be added to them. */
  async #mend(
    kind: RecordKind,
    key: string,
    names: readonly string[],
    least: number,
    whole: boolean,
  ): Promise<void> {
    const texts = await readFields(this.#redis, kind, key, names, MOST_BYTES);
    const wrong: (string | number)[] = [];
    for (const name of names) {
      const most = least < 0 ? -least : Number.MAX_SAFE_INTEGER;
      const value = admitCount(kind, name, texts[name], least, most);
      if (value !== null && !(whole && !Number.isInteger(value))) this.#last.set(`${key} ${name}`, value);
      else wrong.push(name, this.#last.get(`${key} ${name}`) ?? 0);
    }
    if (wrong.length > 0) await this.#redis.hset(key, ...wrong);
  }
}
