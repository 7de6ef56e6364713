import type { RedisClient } from '@qfleet/replay';
import { type EvaluationResult, meanAndStd } from '@qfleet/training';
import { z } from 'zod';
import { fleetKeys } from '../keys.ts';
import { readEvaluationsScript } from '../scripts/evaluations.lua.ts';
import { admit, admitValue } from './admit.ts';
import { infoMeans } from './info.ts';
import { unlessOtherType } from './read.ts';
import { refuse } from './refusals.ts';

/** Bytes of one result: some 200,000 returns. */
const MOST_BYTES = 4 << 20;
/** Results of one reading at most, in number and in bytes. */
const MOST_RESULTS = 1_000;
const MOST_BYTES_A_READING = 16 << 20;

/** What an evaluator reports. Mean and deviation follow from the returns, and are not taken from it. */
const schema = z
  .object({
    // Older versions gave none.
    id: z.string().max(200).optional(),
    updates: z.int().min(0),
    // Within bounds whose squares have a sum.
    returns: z.array(z.number().min(-1e100).max(1e100)).min(1),
    seed: z.int().min(0).max(0xffffffff),
    seconds: z.number().min(0),
    info: infoMeans,
  })
  .transform(
    ({ updates, returns, seed, seconds, info, id = `evaluation-${updates}-${seed}` }): EvaluationResult => ({
      id,
      updates,
      returns,
      ...meanAndStd(returns),
      seed,
      seconds,
      ...(info === undefined ? {} : { info }),
    }),
  );

/** The fields of a job; `readExtent` reads how large its parameters are. */
const jobSchema = z.object({
  updates: z.int().min(0),
  version: z.int().min(0),
  episodes: z.int().min(1).max(1_000_000),
  seed: z.int().min(0).max(0xffffffff),
  bytes: z.number(),
  parts: z.number(),
});

/** The request that a job makes; null where it is refused, which is counted and named. */
export function admitEvaluationJob(id: string, data: unknown): z.output<typeof jobSchema> | null {
  return admitValue('queue', `the evaluation ${id}`, data, jobSchema);
}

/** Results as they lie in Redis. */
export interface ResultTexts {
  /** How many results there are. */
  readonly length: number;
  /** The results from `first` on, as many as one reading takes; null for one that is too long. */
  readonly texts: readonly (string | null)[];
}

/**
 * Reads the results of evaluations, as many as one reading takes.
 * @param first index of the first; below 0: counted from the end.
 */
export async function readResultTexts(redis: RedisClient, run: string, first: number): Promise<ResultTexts> {
  const { evaluations } = fleetKeys(run);
  const reply = await unlessOtherType(
    'evaluation',
    evaluations,
    redis.eval(
      readEvaluationsScript,
      1,
      evaluations,
      first,
      MOST_RESULTS,
      MOST_BYTES_A_READING,
      MOST_BYTES,
    ) as Promise<[number, ...(string | null)[]]>,
  );
  if (reply === null) return { length: 0, texts: [] };
  const [length, ...texts] = reply;
  return { length, texts };
}

/** The result that a text says; null where it is refused, which is counted and named. */
export function admitResult(text: string | null): EvaluationResult | null {
  if (text !== null) return admit('evaluation', 'a result', text, schema);
  refuse('evaluation', `a result is longer than ${MOST_BYTES} bytes`);
  return null;
}
