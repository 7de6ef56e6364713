import type { Weights } from '@qfleet/agents';
import type { RedisClient } from '@qfleet/replay';
import { fleetKeys } from '../keys.ts';
import { asBuffer, type Extent, extentOf, PART_BYTES, readParts, writeParts } from '../redis/parts.ts';
import type { LearnerLease } from '../run/learner-lease.ts';
import { FENCE } from '../scripts/fence.lua.ts';
import { decodeWeights, encodeWeights } from '../weights/weights-blob.ts';

/** How long they last after they were asked for, and again after an evaluator took them. */
const LAST_MS = 3_600_000;

// KEYS: weights, fence. ARGV: token, ms, parts, blob where it is in no parts yet. Returns 'kept', 'fenced' where another
// learner took over, or 'incomplete'.
const KEEP = `${FENCE}
if fenceOf(KEYS[2]) > tonumber(ARGV[1]) then
  redis.call('UNLINK', KEYS[1])
  return 'fenced'
end
if ARGV[4] then redis.call('HSET', KEYS[1], '0', ARGV[4]) end
if redis.call('HLEN', KEYS[1]) ~= tonumber(ARGV[3]) then return 'incomplete' end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 'kept'`;

/**
 * Puts the parameters of an evaluation beside its queue, in a key of their own.
 * @returns how large they are there; null where another learner took over.
 */
export async function keepEvaluationWeights(
  redis: RedisClient,
  run: string,
  lease: LearnerLease,
  job: string,
  weights: Weights,
): Promise<Extent | null> {
  const keys = fleetKeys(run);
  const key = keys.evaluationWeights(job);
  const encoding = encodeWeights(run, weights);
  const extent = extentOf(encoding.bytes);
  const blob = extent.parts === 1 ? [asBuffer(encoding.whole())] : [];
  for (;;) {
    if (extent.parts > 1) await writeParts(redis, key, encoding.parts(PART_BYTES), LAST_MS);
    const reply = await redis.eval(KEEP, 2, key, keys.fence, lease.token, LAST_MS, extent.parts, ...blob);
    if (reply === 'kept') return extent;
    if (reply === 'fenced') return null;
  }
}

/**
 * The parameters of an evaluation; null where they are no longer there.
 * @throws Error for what is not whole, FleetError for weights of another run.
 */
export async function readEvaluationWeights(
  redis: RedisClient,
  run: string,
  job: string,
  extent: Extent,
): Promise<Weights | null> {
  const key = fleetKeys(run).evaluationWeights(job);
  await redis.pexpire(key, LAST_MS);
  const blob = await readParts(redis, key, extent);
  return blob && decodeWeights(run, blob);
}
