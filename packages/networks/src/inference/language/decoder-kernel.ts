import type { NamedTensors } from '@qfleet/tensor';
import { languageNetwork } from '../../language/language-network.ts';
import type { TransformerShape } from '../../language/transformer-shape.ts';
import { checkParameters, type ParameterSpec } from '../../parameters.ts';
import { BlockPool, sharedMemory } from './block-pool.ts';
import type { Decoder, TokenHead, TokenOutputs, TokenSteps } from './decoder.ts';
import {
  type DecoderLayout,
  type DecoderPlan,
  HEAD_ROWS,
  layOutDecoder,
  MOST_ROWS,
  plainRow,
} from './decoder-layout.ts';
import { type DecoderPhases, decoderPhases } from './decoder-phases.ts';
import { ALONE, type DecoderThread, type DecoderThreads } from './decoder-threads.ts';
import { type Embeddings, readVector, writeDecoder } from './decoder-weights.ts';
import { RotationTable } from './rotation-table.ts';
import { WorkBoard } from './work-board.ts';

/**
 * A decoder in WebAssembly, without tfjs, on the caller's thread and others beside it. A token's numbers depend neither on the
 * tokens beside it nor on the threads.
 */
export class DecoderKernel implements Decoder {
  readonly shape: TransformerShape;
  readonly slots: number;
  readonly together = MOST_ROWS;
  readonly #heads: readonly TokenHead[];
  readonly #parameters: readonly ParameterSpec[];
  readonly #layout: DecoderLayout;
  readonly #memory: WebAssembly.Memory;
  readonly #board: WorkBoard;
  readonly #phases: DecoderPhases;
  readonly #rotation: RotationTable | null;
  readonly #blocks: BlockPool;
  readonly #others: readonly DecoderThread[];
  readonly #positions: Int32Array;
  readonly #rowSlots: Int32Array;
  readonly #wanted: Int32Array;
  /** The whole memory, as long as it has not grown. */
  #numbers: Float32Array;
  #embeddings: Embeddings;

  /**
   * Copies the parameters in.
   *
   * @param tensors those of `languageNetwork(shape)`, of a decoder, and of the heads.
   * @param slots texts that it remembers at once.
   * @param heads what is computed of each token beside the logits.
   * @param threads the caller's and those beside it. Default: the caller's alone, which needs nothing of Node.
   * @throws ModelError for a model that is larger than a WebAssembly memory.
   */
  constructor(
    shape: TransformerShape,
    tensors: NamedTensors,
    slots: number,
    heads: readonly TokenHead[] = [],
    threads: DecoderThreads = ALONE,
  ) {
    this.shape = shape;
    this.slots = slots;
    this.#heads = heads;
    this.#parameters = [languageNetwork(shape), ...heads].flatMap(({ parameters }) => parameters);
    checkParameters(this.#parameters, tensors);
    const plan: DecoderPlan = {
      ...{ shape, slots, threads: threads.count },
      heads: heads.map((head) => head.layers(tensors).map(({ inputs, outputs }) => ({ inputs, outputs }))),
    };
    const layout = layOutDecoder(plan);
    const memory = sharedMemory(layout);
    const rows = (address: number, count: number) => new Int32Array(memory.buffer, address, count);
    this.#layout = layout;
    this.#memory = memory;
    this.#numbers = new Float32Array(memory.buffer);
    this.#board = new WorkBoard(memory, layout.board);
    this.#phases = decoderPhases(plan, memory, 0);
    this.#rotation = shape.positions.kind === 'rotary' ? new RotationTable(shape.positions) : null;
    this.#blocks = new BlockPool(memory, layout, slots, shape.layers);
    this.#positions = rows(layout.positions, MOST_ROWS);
    this.#rowSlots = rows(layout.slots, MOST_ROWS);
    this.#wanted = rows(layout.wanted, HEAD_ROWS);
    this.#embeddings = writeDecoder(this.#numbers, layout, shape, heads, tensors);
    this.#others = Array.from({ length: threads.count - 1 }, (_, i) =>
      threads.start({ plan, memory, thread: i + 1 }),
    );
  }

  load(tensors: NamedTensors): void {
    checkParameters(this.#parameters, tensors);
    this.#embeddings = writeDecoder(this.#numbers, this.#layout, this.shape, this.#heads, tensors);
    for (let slot = 0; slot < this.slots; slot++) this.clear(slot);
  }

  clear(slot: number): void {
    this.#blocks.clear(slot);
  }

  run(steps: TokenSteps, take: (index: number, outputs: TokenOutputs) => void): void {
    for (let i = 0; i < steps.count; i++) this.#blocks.reserve(steps.slots[i], steps.positions[i] + 1);
    if (this.#numbers.buffer !== this.#memory.buffer) this.#numbers = new Float32Array(this.#memory.buffer);
    for (let first = 0; first < steps.count; first += MOST_ROWS) {
      const count = Math.min(MOST_ROWS, steps.count - first);
      this.#enter(steps, first, count);
      this.#do(0, this.#phases.layers);
      this.#outputs(steps, first, count, take);
    }
  }

  dispose(): void {
    for (const other of this.#others) other.end();
  }

  /** Writes the rows that go through the layers. */
  #enter({ slots, tokens, positions }: TokenSteps, first: number, count: number): void {
    const { width } = this.shape;
    const { features, cosines, sines, head } = this.#layout;
    let seen = 0;
    for (let row = 0; row < count; row++) {
      const [token, position] = [tokens[first + row], positions[first + row]];
      const at = plainRow(features, width, row) / 4;
      const into = this.#numbers.subarray(at, at + width);
      if (this.#embeddings.tokens === null) readVector(this.#numbers, head, token, into);
      else into.set(this.#embeddings.tokens.subarray(token * width, (token + 1) * width));
      if (this.#embeddings.positions !== null) {
        const start = position * width;
        for (let i = 0; i < width; i++) into[i] += this.#embeddings.positions[start + i];
      }
      this.#rotation?.write(position, this.#numbers, cosines, sines, row);
      this.#positions[row] = position;
      this.#rowSlots[row] = slots[first + row];
      seen += position + 1;
    }
    this.#board.rows = count;
    this.#board.seen = seen;
  }

  /** Does some phases one after another, and lets other threads take part where that is worth it. */
  #do(first: number, end: number): void {
    const { all } = this.#phases;
    for (let phase = first; phase < end; phase++) {
      const pieces = this.#others.length === 0 ? 1 : all[phase].pieces();
      if (pieces === 1) {
        all[phase].run(0, 1);
        continue;
      }
      this.#board.publish(phase, pieces);
      this.#board.work((_, piece, of) => all[phase].run(piece, of));
      this.#board.finish(pieces);
    }
  }

  #outputs(
    { wanted }: TokenSteps,
    first: number,
    count: number,
    take: (index: number, outputs: TokenOutputs) => void,
  ): void {
    let waiting = 0;
    for (let row = 0; row < count; row++) {
      if (wanted[first + row]) this.#wanted[waiting++] = row;
      if (waiting < HEAD_ROWS && (row < count - 1 || waiting === 0)) continue;
      this.#board.wanted = waiting;
      this.#do(this.#phases.layers, this.#phases.all.length);
      for (let i = 0; i < waiting; i++) take(first + this.#wanted[i], this.#outputsOf(i));
      waiting = 0;
    }
  }

  #outputsOf(row: number): TokenOutputs {
    const { logits, heads } = this.#layout;
    const { vocabulary } = this.shape;
    const numbers = (address: number, stride: number, size: number) => {
      const at = plainRow(address, stride, row) / 4;
      return this.#numbers.subarray(at, at + size);
    };
    const values: Record<string, Float32Array> = {};
    for (const [i, { name }] of this.#heads.entries()) {
      const { rows, outputs } = heads[i][heads[i].length - 1];
      values[name] = numbers(rows, outputs, outputs);
    }
    return { logits: numbers(logits, vocabulary, vocabulary), values };
  }
}
