import type { RedisClient } from '@qfleet/replay';
import { fleetKeys } from '../keys.ts';
import { numberWithin } from '../records/admit.ts';

/** The version of the weights that a run has now, also of a blob that would be refused; 0: none. */
export async function publishedVersion(redis: RedisClient, run: string): Promise<number> {
  const text = await redis.hget(fleetKeys(run).weights, 'version');
  return numberWithin(text ?? '0', 0, Number.MAX_SAFE_INTEGER) ?? 0;
}
