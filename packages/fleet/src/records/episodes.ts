import type { RedisClient } from '@qfleet/replay';
import { z } from 'zod';
import { fleetKeys } from '../keys.ts';
import { readReportsScript } from '../scripts/episodes.lua.ts';
import { admit } from './admit.ts';
import { infoTallies } from './info.ts';
import { unlessOtherType } from './read.ts';
import { refuse } from './refusals.ts';

/** 16 names of 32 characters, each with a count and a mean, beside the rest. */
const MOST_BYTES = 2_048;

/** What an actor reports of episodes, without the buckets, which are counted elsewhere. */
const schema = z.object({
  episodes: z.int().min(1).max(1e9),
  // Within bounds whose squares have a sum.
  meanReturn: z.number().min(-1e100).max(1e100),
  returnSquares: z.number().min(0),
  meanEpsilon: z.number().min(0).max(1),
  info: infoTallies,
});

/** The newest `most` reports at most, the newest first; without those that are refused. */
export async function readReports(
  redis: RedisClient,
  run: string,
  most: number,
): Promise<z.output<typeof schema>[]> {
  const { episodes } = fleetKeys(run);
  const reading = redis.eval(readReportsScript, 1, episodes, most, MOST_BYTES) as Promise<(string | null)[]>;
  const texts = (await unlessOtherType('episodes', episodes, reading)) ?? [];
  return texts.flatMap((text) => {
    if (text !== null) return admit('episodes', 'a report', text, schema) ?? [];
    refuse('episodes', `an entry of ${episodes} is no report of ${MOST_BYTES} bytes at most`);
    return [];
  });
}
