import { z } from 'zod';
import { admitValue } from './admit.ts';

const schema = z.object({ cell: z.string().regex(/^[0-9a-f]{12}$/), rung: z.int().min(0).max(100) });

/** The cell that a job of a sweep names; null where it is refused, which is counted and named. */
export function admitCellJob(id: string, data: unknown): z.output<typeof schema> | null {
  return admitValue('queue', `the cell ${id}`, data, schema);
}
