import type { ColumnSpec } from '../../chunk/columns.ts';
import { asBytes } from '../../chunk/layout.ts';
import type { Batch, TransitionBatch } from '../batch.ts';
import type { TransitionUnit } from '../sample-unit.ts';
import type { ChunkRecord, Horizon, TransitionIndex } from '../transition-index.ts';
import { copyColumn } from './copy-column.ts';
import type { States } from './states.ts';
import type { Assembler } from './unit.ts';

/** Makes n-step transitions of sampled places. */
export class TransitionAssembler implements Assembler {
  readonly #index: TransitionIndex;
  readonly #states: States;
  readonly #nSteps: number;
  readonly #discount: number;
  readonly #columns: readonly ColumnSpec[];
  /** The cache rows of the frames of s and of the state bootstrapped from, `frameStack` a batch row. */
  #frames = new Int32Array(0);
  #nextFrames = new Int32Array(0);
  readonly #horizon: Partial<Horizon> = {};
  /** The batch that was written into last by `copyFetched`, and its states as bytes. */
  #target: Batch | null = null;
  #bytes: Uint8Array = new Uint8Array(0);
  #nextBytes: Uint8Array = new Uint8Array(0);

  constructor(
    index: TransitionIndex,
    states: States,
    unit: TransitionUnit,
    discount: number,
    columns: readonly ColumnSpec[],
  ) {
    this.#index = index;
    this.#states = states;
    this.#nSteps = unit.nSteps;
    this.#discount = discount;
    this.#columns = columns;
  }

  reserve(rows: number): void {
    const frames = rows * this.#states.frameStack;
    if (this.#frames.length >= frames) return;
    this.#frames = new Int32Array(frames);
    this.#nextFrames = new Int32Array(frames);
  }

  usable(chunk: ChunkRecord, leaf: number): boolean {
    return !chunk.gone && this.#states.whole(chunk, this.#index.stepOf(leaf, chunk));
  }

  locate(
    batch: TransitionBatch,
    row: number,
    chunk: ChunkRecord,
    leaf: number,
    missing: ChunkRecord[],
  ): void {
    const step = this.#index.stepOf(leaf, chunk);
    const end = this.#locateReturn(batch, row, chunk, leaf, step);
    const first = row * this.#states.frameStack;
    this.#states.locate(chunk, step, this.#frames, first, missing);
    this.#states.locate(end.chunk, end.step, this.#nextFrames, first, missing);
  }

  #locateReturn(
    batch: TransitionBatch,
    row: number,
    chunk: ChunkRecord,
    leaf: number,
    step: number,
  ): Horizon {
    const horizon = this.#horizon as Horizon;
    this.#index.horizon(chunk, leaf, this.#nSteps, this.#discount, horizon);
    batch.actions[row] = this.#index.actionAt(leaf);
    batch.returns[row] = horizon.return;
    batch.discounts[row] = horizon.discount;
    for (const column of this.#columns) {
      copyColumn(column, chunk, step, batch.columns, row);
      if (column.cadence === 'state') copyColumn(column, horizon.chunk, horizon.step, batch.nextColumns, row);
    }
    return horizon;
  }

  copy({ size, observations, nextObservations }: TransitionBatch): void {
    const { frameStack, large } = this.#states;
    const frames = size * frameStack;
    const atATime = large ? frameStack : frames;
    for (let first = 0; first < frames; first += atATime) {
      this.#states.gather(this.#frames, observations, first, first + atATime);
      this.#states.gather(this.#nextFrames, nextObservations, first, first + atATime);
    }
  }

  copyFetched(
    batch: TransitionBatch,
    row: number,
    chunk: ChunkRecord,
    leaf: number,
    fetched: ReadonlyMap<ChunkRecord, Uint8Array>,
    missing: ChunkRecord[],
  ): void {
    const step = this.#index.stepOf(leaf, chunk);
    const end = this.#locateReturn(batch, row, chunk, leaf, step);
    const first = row * this.#states.frameStack;
    if (this.#target !== batch) {
      this.#target = batch;
      this.#bytes = asBytes(batch.observations);
      this.#nextBytes = asBytes(batch.nextObservations);
    }
    this.#states.copy(chunk, step, fetched, this.#bytes, first, missing);
    this.#states.copy(end.chunk, end.step, fetched, this.#nextBytes, first, missing);
  }
}
