import { createHash } from 'node:crypto';
import type { Plan } from './plan.ts';

/** A name for a sweep that has no file: that of its runs, with a hash of all that decides what is trained. */
export function planName({ base, cells, rungs, definition: { metric, mode } }: Plan): string {
  const text = JSON.stringify([cells.map(({ id }) => id), rungs, metric, mode]);
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 6);
  return `${base.name.slice(0, 50)}-${hash}`;
}
