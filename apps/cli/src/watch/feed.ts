/** A checkpoint that the page can play. */
export interface CheckpointEntry {
  /** Names it in requests. */
  readonly name: string;
  readonly label: string;
  readonly updates: number;
}

/** A point of the learning curve. Null: not measured. */
export interface CurvePoint {
  readonly steps: number;
  readonly meanReturn: number | null;
  readonly evaluation: number | null;
}

/** How a run stands, as the page is told (`apps/play/src/run/about.ts`). */
export interface Standing {
  readonly phase: 'training' | 'ended';
  readonly updates: number;
  readonly steps: number;
  readonly checkpoints: readonly CheckpointEntry[];
  readonly curve: readonly CurvePoint[];
}

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
