import { z } from 'zod';
import { count } from './numbers.ts';

/** What the learner keeps, and how often it publishes. */
export const learner = z
  .strictObject({
    publishEvery: count.default(100).describe('updates'),
    publishAs: z
      .enum(['float32', 'float16', 'bfloat16'])
      .default('float32')
      .describe('numbers that actors of a fleet get weights as: half as many bytes, rounded'),
    checkpointEvery: count.default(1_000).describe('updates: a crash loses no more'),
    checkpointsKept: z.int().min(1).default(5).describe('beside the best one'),
    cacheBytes: count
      .default(2 ** 30)
      .describe('bytes of observations that are cached; others are fetched from the replay'),
  })
  .prefault({});
