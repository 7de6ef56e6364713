import type { Chunk } from '@qfleet/replay';
import type { Target } from './target.ts';

/** Recorded experience that is open. */
export interface OpenSource {
  /** Absolute. */
  readonly path: string;
  /** Transitions that it says to have. */
  readonly transitions: number;
  /**
   * All of its chunks, in its order, as the run's own would be; `refused` is told of those that are corrupted.
   * @throws UsageError where a row is no transition.
   */
  chunks(refused: () => void): AsyncIterable<Chunk>;
}

/** Recorded experience: a file, or what a run has left on its Redis. */
export interface OfflineSource {
  /**
   * Opens it for as long as `use` takes.
   * @throws UsageError where it can't be read, or is of another task or other spaces than the target's.
   */
  open<T>(target: Target, use: (source: OpenSource) => Promise<T>): Promise<T>;
}

/** Opens several for as long as `use` takes. */
export async function withSources<T>(
  sources: readonly OfflineSource[],
  target: Target,
  use: (sources: readonly OpenSource[]) => Promise<T>,
  opened: readonly OpenSource[] = [],
): Promise<T> {
  const [first, ...rest] = sources;
  if (first === undefined) return use(opened);
  return first.open(target, (source) => withSources(rest, target, use, [...opened, source]));
}
