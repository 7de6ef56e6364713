import type { Weights } from '@qfleet/agents';
import type { RedisClient } from '@qfleet/replay';
import { fleetKeys } from '../keys.ts';
import { asBuffer, type Extent, extentOf, PART_BYTES, readParts, writeParts } from '../redis/parts.ts';
import type { LearnerLease } from '../run/learner-lease.ts';
import { keepEvaluationWeightsScript } from '../scripts/evaluations.lua.ts';
import { decodeWeights, encodeWeights } from '../weights/weights-blob.ts';

/** How long they last after they were asked for, and again after an evaluator took them. */
const LAST_MS = 3_600_000;

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
    const reply = await redis.eval(
      keepEvaluationWeightsScript,
      2,
      key,
      keys.fence,
      lease.token,
      LAST_MS,
      extent.parts,
      ...blob,
    );
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
