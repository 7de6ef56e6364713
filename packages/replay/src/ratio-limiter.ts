import { SampleToInsertLimiter } from './limiter.ts';

/** The fields of a run's configuration that the ratio follows from. */
export interface RatioFields {
  readonly replay: {
    readonly minSize: number;
    readonly samplesPerInsert: number | null;
    readonly chunkLength: number;
  };
  readonly agent: { readonly batchSize: number; readonly updatesPerCall?: number };
  readonly fleet: { readonly slots: number };
}

/**
 * The limiter that both sides of a run hold: actors and learner must agree on it, so it is made in one place.
 * Its buffer is the smallest that never blocks both: two calls of the learner, or a round of full chunks from
 * every slot.
 * @returns null where the configuration holds no ratio.
 */
export function ratioLimiter({ replay, agent, fleet }: RatioFields): SampleToInsertLimiter | null {
  const { minSize, samplesPerInsert, chunkLength } = replay;
  if (samplesPerInsert === null) return null;
  const call = agent.batchSize * (agent.updatesPerCall ?? 1);
  const round = fleet.slots * chunkLength * samplesPerInsert;
  return new SampleToInsertLimiter({ minSize, samplesPerInsert, errorBuffer: Math.max(2 * call, round) });
}
