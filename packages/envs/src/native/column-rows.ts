import type { Random } from '@qfleet/random';
import type { RowArrays, VectorEnvironment } from '../vector-environment.ts';

/** What batched kernels share: their rows' states in columns of float64, and a random stream for each row. */
export abstract class ColumnRows implements VectorEnvironment {
  /** It has none. */
  readonly failures: ReadonlyMap<number, unknown> = new Map();
  protected readonly streams: Random[] = [];
  /** Each has room for at least as many rows as there are. */
  protected columns: Float64Array[];
  #arrays: RowArrays | null = null;

  /** @param columns numbers in a row's state. */
  constructor(columns: number) {
    this.columns = Array.from({ length: columns }, () => new Float64Array(8));
  }

  get rows(): number {
    return this.streams.length;
  }

  protected get arrays(): RowArrays {
    return this.#arrays!;
  }

  bind(arrays: RowArrays): void {
    this.#arrays = arrays;
  }

  add(random: Random): void {
    this.streams.push(random);
    if (this.rows <= this.columns[0].length) return;
    this.columns = this.columns.map((column) => {
      const larger = new Float64Array(2 * column.length);
      larger.set(column);
      return larger;
    });
  }

  remove(row: number): void {
    this.streams.splice(row, 1);
    for (const column of this.columns) column.copyWithin(row, row + 1);
  }

  abstract reset(row: number): void;

  abstract step(actions: Int32Array): void;

  close(): void {
    this.streams.length = 0;
  }
}
