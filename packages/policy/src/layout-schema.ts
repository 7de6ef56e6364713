import { type ObservationDType, observationArrays } from '@qfleet/spaces';
import { z } from 'zod';

const size = z.int().min(1).max(0x7fffffff);
const dtype = z.enum(Object.keys(observationArrays) as [ObservationDType, ...ObservationDType[]]);

/** What a file may say of a run's states. */
export const layoutSchema = z.object({
  shape: z.array(size).max(8),
  dtype,
  high: z.number().optional(),
  count: size.optional(),
  parts: z.array(z.object({ name: z.string(), start: z.int().min(0), size }).loose()).optional(),
  frames: size.max(64),
  actions: size.max(1_048_576),
  normalized: z.boolean().optional(),
  masked: z.boolean().optional(),
  columns: z
    .array(
      z.object({
        name: z.string(),
        dtype,
        shape: z.array(size).max(8),
        cadence: z.enum(['step', 'state', 'chunk']),
      }),
    )
    .optional(),
});
