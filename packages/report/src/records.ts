import { z } from 'zod';

const count = z.int().min(0);
const measured = z.number().nullable();
const info = z
  .record(z.string(), z.number())
  .optional()
  .describe('means of the numbers that the environment told in info, by name; left out: none');
const change = z.object({ path: z.string(), from: z.json().optional(), to: z.json().optional() });

/** A line of `metrics.jsonl`: how training stood at one moment. Null: nothing measured yet. */
export const metricsRowSchema = z.object({
  time: z.number().describe('seconds of training, over all sessions of the run'),
  steps: count.describe('environment steps of all slots'),
  updates: count,
  episodes: count,
  meanReturn: measured.describe('of the last training episodes: 100 in one process, about 100 in a fleet'),
  returnStd: measured.describe('standard deviation of the same'),
  epsilon: measured,
  loss: measured,
  meanAbsTdError: measured,
  meanQ: measured,
  replayTransitions: count,
  info,
  evaluation: z
    .object({ updates: count, mean: z.number(), std: z.number(), episodes: count, info })
    .optional()
    .describe('one that was reported since the row before'),
  changes: z.array(change).optional().describe('settings that are others from here on'),
});
export type MetricsRow = z.output<typeof metricsRowSchema>;

const hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .nullable();

const recorded = z
  .object({
    transitions: count,
    episodes: count.describe('those that end in the data'),
    meanReturn: measured.describe('of those episodes, undiscounted; null: none ends'),
    sources: z.array(
      z.object({
        path: z.string(),
        transitions: count,
        fingerprint: z.string().describe('SHA-256 of its chunks, in their order'),
      }),
    ),
  })
  .describe('what an offline run learned from; left out: the run played');

/** `summary.json`: what came of a run. */
export const runSummarySchema = z.object({
  run: z.string(),
  name: z.string(),
  environment: z.string(),
  environmentSettings: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('how Gymnasium plays the environment; left out: it is native, or a module'),
  seed: count,
  versions: z.object({
    qfleet: z.string(),
    node: z.string(),
    tensorflow: z.string().nullable().describe('null: no TensorFlow was used'),
    runtime: z.string().describe('what crunched the numbers'),
  }),
  envSteps: count.describe('of all sessions, those that no checkpoint tells of too'),
  offline: recorded.optional(),
  updates: count,
  wallSeconds: z.number().describe('from start to end, set-up and evaluation included'),
  trainingSeconds: z.number().describe('from the first environment step to the last update'),
  stopReason: z.enum(['solved', 'maxUpdates', 'maxSteps', 'maxSeconds', 'interrupted', 'failed']),
  solved: z.boolean(),
  evaluation: z
    .object({
      episodes: count,
      returns: z.array(z.number()),
      mean: z.number(),
      std: z.number(),
      epsilon: z
        .number()
        .optional()
        .describe(
          'the chance of a random action at each step; left out by older versions, whose chance was 0',
        ),
      seed: count,
      cutShort: count
        .optional()
        .describe('episodes among them that did not end by themselves; left out: none'),
      info,
    })
    .nullable()
    .describe('greedy episodes of the best checkpoint that no comparison has seen; null: there were none'),
  best: z
    .object({ updates: count, mean: z.number() })
    .nullable()
    .describe('the best evaluation while training'),
  weightsHash: hash.describe('SHA-256 of the last parameters, those of the newest checkpoint'),
  bestWeightsHash: hash
    .optional()
    .describe('SHA-256 of the best checkpoint’s parameters, which `eval` plays; left out by older versions'),
  changes: z
    .array(change.extend({ updates: count }))
    .default([])
    .describe('settings that were changed on the way, with the update from which on'),
  restarts: count.describe('processes that the supervisor started again'),
});
/** The recorded experience that an offline run learned from. */
export type Recorded = z.output<typeof recorded>;
export type RunSummary = z.output<typeof runSummarySchema>;
