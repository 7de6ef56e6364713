import { z } from 'zod';
import { count, fraction } from './numbers.ts';

const sampling = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('uniform').describe('each transition as likely as any other') }),
  z.strictObject({
    kind: z.literal('prioritized').describe('by TD error (Schaul et al., 2016)'),
    alpha: fraction.default(0.6).describe('P(i) ∝ pᵢ^α (Schaul et al., 2016)'),
    beta: fraction.default(0.4).describe('importance exponent at the start; rises to 1 at stop.maxUpdates'),
    epsilon: z.number().positive().default(1e-6).describe('added to |TD error|: nothing is never sampled'),
    importanceWeights: z
      .enum(['batch', 'table'])
      .default('batch')
      .describe('whose largest weight is 1: each batch’s, or the whole replay’s'),
    initialPriority: z
      .enum(['max', 'td-error'])
      .default('max')
      .describe('of new transitions: the highest so far, or the actor’s own TD error (Horgan et al., 2018)'),
  }),
]);

/** Where the experience is kept, and how it is sampled. */
export const replay = z
  .strictObject({
    capacity: count
      .max(2 ** 30)
      .default(100_000)
      .describe('transitions'),
    capacityBytes: count
      .default(1_000_000_000)
      .describe('bytes of chunks; the oldest go first at either bound'),
    minSize: count.default(1_000).describe('transitions before learning starts'),
    samplesPerInsert: z
      .number()
      .positive()
      .nullable()
      .default(8)
      .describe('held within ±5 %; null: not held'),
    chunkLength: z.int().min(1).max(4_096).default(32).describe('steps a chunk, at most'),
    sampling: sampling.prefault({ kind: 'uniform' }),
    shards: z
      .array(
        z
          .string()
          .regex(
            /^(rediss?(-cluster)?|unix):\/\//,
            'a URL: redis://, rediss://, redis-cluster:// or unix://',
          ),
      )
      .max(64)
      .default([])
      .describe('URLs of Redis servers that share the replay; none: the run’s own holds it'),
  })
  .prefault({});
