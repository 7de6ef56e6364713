import { type ColumnSpec, columnWidth } from '../../chunk/columns.ts';
import { asBytes } from '../../chunk/layout.ts';
import type { SequenceBatch } from '../batch.ts';
import type { SequenceUnit } from '../sample-unit.ts';
import type { ChunkRecord, TransitionIndex } from '../transition-index.ts';
import { copyColumn } from './copy-column.ts';
import { isStart } from './sequence-places.ts';
import type { States } from './states.ts';

import type { Assembler } from './unit.ts';

/** Makes sequences of sampled places: contiguous steps of one episode, over the borders of its chunks. */
export class SequenceAssembler implements Assembler {
  readonly #index: TransitionIndex;
  readonly #states: States;
  readonly #unit: SequenceUnit;
  readonly #discount: number;
  readonly #columns: readonly ColumnSpec[];
  /** T. */
  readonly #steps: number;
  /** The cache rows of the frames of all states, (T + 1) × `frameStack` a batch row. */
  #frames = new Int32Array(0);
  /** Scratch of a row: where each of its T + 1 states lies. */
  readonly #chunks: ChunkRecord[] = [];
  readonly #at: Int32Array;

  constructor(
    index: TransitionIndex,
    states: States,
    unit: SequenceUnit,
    discount: number,
    columns: readonly ColumnSpec[],
  ) {
    this.#index = index;
    this.#states = states;
    this.#unit = unit;
    this.#discount = discount;
    this.#columns = columns;
    this.#steps = unit.burnIn + unit.length;
    this.#at = new Int32Array(this.#steps + 1);
  }

  reserve(rows: number): void {
    const frames = rows * (this.#steps + 1) * this.#states.frameStack;
    if (this.#frames.length < frames) this.#frames = new Int32Array(frames);
  }

  usable(chunk: ChunkRecord, leaf: number): boolean {
    const step = this.#index.stepOf(leaf, chunk);
    return (
      !chunk.gone &&
      isStart(chunk, step, this.#unit.stride, this.#states.frameStack) &&
      this.#states.whole(chunk, step)
    );
  }

  locate(batch: SequenceBatch, row: number, chunk: ChunkRecord, leaf: number, missing: ChunkRecord[]): void {
    this.#locateSteps(batch, row, chunk, leaf);
    const { frameStack } = this.#states;
    const first = row * (this.#steps + 1);
    for (let k = 0; k <= this.#steps; k++) {
      this.#states.locate(this.#chunks[k], this.#at[k], this.#frames, (first + k) * frameStack, missing);
    }
  }

  copy({ size, observations }: SequenceBatch): void {
    this.#states.gather(this.#frames, observations, 0, size * (this.#steps + 1) * this.#states.frameStack);
  }

  copyFetched(
    batch: SequenceBatch,
    row: number,
    chunk: ChunkRecord,
    leaf: number,
    fetched: ReadonlyMap<ChunkRecord, Uint8Array>,
    missing: ChunkRecord[],
  ): void {
    this.#locateSteps(batch, row, chunk, leaf);
    const { frameStack } = this.#states;
    const bytes = asBytes(batch.observations);
    const first = row * (this.#steps + 1);
    for (let k = 0; k <= this.#steps; k++) {
      this.#states.copy(this.#chunks[k], this.#at[k], fetched, bytes, (first + k) * frameStack, missing);
    }
  }

  /** Writes all of a row but its states, and where those lie into `#chunks` and `#at`. */
  #locateSteps(batch: SequenceBatch, row: number, start: ChunkRecord, leaf: number): void {
    const { burnIn } = this.#unit;
    const steps = this.#steps;
    const base = row * steps;
    batch.valid.fill(0, base, base + steps);
    for (const column of [batch.actions, batch.rewards, batch.discounts, batch.begins])
      column.fill(0, base, base + steps);

    let first = burnIn;
    let chunk = start;
    let step = this.#index.stepOf(leaf, start);
    // Back over the burn-in, as far as there are whole states.
    while (first > 0) {
      let [before, at] = [chunk, step - 1];
      if (at < 0) {
        if (chunk.previous === null) break;
        before = chunk.previous;
        at = before.length - 1;
      }
      if (!this.#states.whole(before, at)) break;
      [chunk, step] = [before, at];
      first--;
    }
    for (let k = 0; k < first; k++) this.#setState(k, chunk, step);
    for (const column of this.#columns)
      if (column.cadence === 'chunk') copyColumn(column, chunk, 0, batch.columns, row);

    let k = first;
    for (; k < steps; k++) {
      this.#setState(k, chunk, step);
      this.#writeStep(batch, base + k, chunk, step);
      step++;
      if (step < chunk.length) continue;
      // The state after a chunk's last step is in the chunk too.
      if (chunk.next === null) {
        k++;
        break;
      }
      chunk = chunk.next;
      step = 0;
    }
    for (; k <= steps; k++) this.#setState(k, chunk, step);
    this.#writeStateColumns(batch, row);
  }

  #setState(k: number, chunk: ChunkRecord, step: number): void {
    this.#chunks[k] = chunk;
    this.#at[k] = step;
  }

  #writeStep(batch: SequenceBatch, to: number, chunk: ChunkRecord, step: number): void {
    const leaf = this.#index.leafAt(chunk, step);
    batch.valid[to] = 1;
    batch.actions[to] = this.#index.actionAt(leaf);
    batch.rewards[to] = this.#index.rewardAt(leaf);
    batch.discounts[to] = chunk.terminated && step === chunk.length - 1 ? 0 : this.#discount;
    batch.begins[to] = chunk.offset + step === 0 ? 1 : 0;
    for (const column of this.#columns)
      if (column.cadence === 'step') copyColumn(column, chunk, step, batch.columns, to);
  }

  /** Also clears those of steps that are not there. */
  #writeStateColumns(batch: SequenceBatch, row: number): void {
    const steps = this.#steps;
    for (const column of this.#columns) {
      const width = columnWidth(column);
      if (column.cadence === 'state') {
        for (let k = 0; k <= steps; k++)
          copyColumn(column, this.#chunks[k], this.#at[k], batch.columns, row * (steps + 1) + k);
      } else if (column.cadence === 'step') {
        const values = batch.columns[column.name];
        for (let k = 0; k < steps; k++) {
          const at = row * steps + k;
          if (batch.valid[at] === 0) values.fill(0, at * width, (at + 1) * width);
        }
      }
    }
  }
}
