import { z } from 'zod';
import { count } from './numbers.ts';

const gymnasium = z.strictObject({
  python: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('path of a Python that has what the environment needs; null: a private one'),
  workers: z.int().min(1).max(64).default(1).describe('Python processes that share an actor’s slots'),
  limitSeconds: z
    .number()
    .positive()
    .max(3_600)
    .default(60)
    .describe('how long a worker may take to step or to reset before another is started'),
});

/** What is played. */
export const environment = z.strictObject({
  id: z.string().min(1).describe('see `qfleet envs`; `ALE/Pong-v5` and `gym:ID` are played by Gymnasium'),
  module: z.string().min(1).optional().describe('path of a module whose default export is the environment'),
  options: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .default({})
    .describe('what the environment is made with, by name: docs/environments lists them'),
  gymnasium: gymnasium.prefault({}).describe('how Python plays the environment, where Gymnasium has it'),
  onError: z
    .enum(['end', 'restart'])
    .default('end')
    .describe(
      'of an environment that throws: the run ends, or the episode is truncated and a new copy begins',
    ),
  maxErrorsInARow: count
    .default(10)
    .describe('episodes of a slot that may end so one after the other, with onError restart'),
  maxEpisodeSteps: count
    .nullable()
    .default(null)
    .describe('steps after which an episode is truncated, inner ones counted; null: the environment’s own'),
  actionRepeat: z
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe('times that an action is taken in a row; their rewards are summed (Mnih et al., 2015: 4)'),
  stickyActions: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe(
      'chance that the last action is executed in place of the chosen one (Machado et al., 2018: 0.25)',
    ),
  frameStack: z
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe('observations that make a state, oldest first (Mnih et al., 2015: 4)'),
  returns: z
    .tuple([z.number(), z.number()])
    .nullable()
    .default(null)
    .describe(
      'the least and the largest return to come, discounted: what the histograms of methods cover; null: not known',
    ),
  normalizeObservations: z
    .boolean()
    .default(false)
    .describe(
      'networks see (x − mean)/√variance within ±10, by running statistics of each element that go with the weights',
    ),
});
