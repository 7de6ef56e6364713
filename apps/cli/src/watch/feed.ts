import type { CurvePoint, Standing } from '@qfleet/browser';

/** Where a page has a run from. */
export interface Feed {
  /** How it stands now. @throws Error where that can't be had now. */
  read(): Promise<Standing>;
  /** The weights of a checkpoint that `read` told, encoded; null: it is not kept any more. @throws Error: one sentence. */
  weights(name: string): Promise<Uint8Array | null>;
  close(): Promise<void>;
}

/** Points that a curve has at most: more are not to be seen. */
const MOST_POINTS = 600;

/** A curve with fewer points: evenly taken, and all evaluations. */
export function thinned(points: readonly CurvePoint[]): CurvePoint[] {
  const every = Math.ceil(points.length / MOST_POINTS);
  return points.filter(
    ({ evaluation }, i) => i % every === 0 || evaluation !== null || i === points.length - 1,
  );
}
