import { z } from 'zod';

/** What a run writes beside its own files. */
export const report = z
  .strictObject({
    tensorboard: z
      .boolean()
      .default(false)
      .describe('whether the run directory holds event files too, for `tensorboard --logdir RUN_DIR`'),
  })
  .prefault({});
