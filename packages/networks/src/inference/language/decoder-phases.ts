import { scoreScale } from '../../language/transformer-shape.ts';
import type { Activation } from '../../layers/activation.ts';
import { BLOCK_TOKENS, transformerKernel } from '../transformer/kernel.ts';
import {
  type DecoderPlan,
  type LayerPlace,
  layOutDecoder,
  type Matrix,
  type NormPlace,
  packedRow,
  padded,
  panelled,
  plainRow,
  scoresOf,
} from './decoder-layout.ts';
import { WorkBoard } from './work-board.ts';

/** A part of a pass, which begins when the one before is done. */
export interface Phase {
  /** Into how many pieces it is worth to be cut, each for any thread. */
  pieces(): number;
  run(piece: number, pieces: number): void;
}

/** The phases of a pass of rows through the layers, and of wanted rows through the heads. */
export interface DecoderPhases {
  readonly all: readonly Phase[];
  /** How many of them are the layers'. */
  readonly layers: number;
}

/** What transformer.wat calls the activations. */
const KINDS: Readonly<Record<Activation, number>> = {
  relu: 0,
  gelu: 1,
  'gelu-tanh': 2,
  'gelu-sigmoid': 3,
  silu: 4,
};

/** Work that is worth another thread's waking, in weights read and sums of products (some 10 µs). */
const WORTHWHILE = 400_000;

/** Pieces for each thread, so that one which comes late leaves some to the others. */
const PIECES = 4;

/** Rows below which what is done row by row is not worth a second thread. */
const FEW_ROWS = 9;

/** The phases on a memory as the plan lays it out, for one of its threads. */
export function decoderPhases(plan: DecoderPlan, memory: WebAssembly.Memory, thread: number): DecoderPhases {
  const { shape, threads } = plan;
  const { width, heads, keyValueHeads, inner, gated, norm, positions: places, context } = shape;
  const layout = layOutDecoder(plan);
  const { headSize, features, joined, hidden, normed, mixed, active, final } = layout;
  const kernel = transformerKernel(memory);
  const board = new WorkBoard(memory, layout.board);
  const positions = new Int32Array(memory.buffer, layout.positions, 64);
  const slots = new Int32Array(memory.buffer, layout.slots, 64);
  const wanted = new Int32Array(memory.buffer, layout.wanted, 16);
  const blocks = new Int32Array(memory.buffer, layout.tables, plan.slots * shape.layers * layout.blocks);
  const [queries, shared] = [heads * headSize, keyValueHeads * headSize];
  const half = places.kind === 'rotary' ? places.size * 2 : 0;
  const scores = layout.scores + thread * scoresOf(context) * 4;
  const headBytes = headSize * 4;
  const blockStride = BLOCK_TOKENS * headBytes;
  const hiddenSize = gated ? 2 * panelled(inner) : inner;
  const table = (row: number, layer: number) => (slots[row] * shape.layers + layer) * layout.blocks;

  const cut = (work: number, most: number) =>
    Math.max(1, Math.min(most, PIECES * threads, Math.floor(work / WORTHWHILE)));
  /** The ends of a piece of `count` things. */
  const from = (piece: number, pieces: number, count: number) => Math.floor((piece * count) / pieces);

  const multiply = (
    { inputs, panels, kernel: weights, bias }: Matrix,
    x: number,
    y: number,
    { count = () => board.rows, adds = 0 } = {},
  ): Phase => ({
    pieces: () => cut(inputs * panels * 16 * (8 + count()), panels),
    run(piece, pieces) {
      const [first, end] = [from(piece, pieces, panels), from(piece + 1, pieces, panels)];
      kernel.multiply(
        ...[count(), inputs, x, weights + first * inputs * 64, bias + first * 64, y + first * 64],
        ...[panels * 64, end - first, adds],
      );
    },
  });
  const rowByRow = (run: (row: number) => void, count = () => board.rows): Phase => ({
    pieces: () => (count() < FEW_ROWS ? 1 : Math.min(count(), PIECES * threads)),
    run(piece, pieces) {
      const end = from(piece + 1, pieces, count());
      for (let row = from(piece, pieces, count()); row < end; row++) run(row);
    },
  });
  const normalized = (place: NormPlace, row: number, y: number, to: number) =>
    kernel.normalize(
      ...[plainRow(features, width, row), packedRow(y, width, to), width, place.gain, place.bias],
      ...[norm.epsilon, Number(norm.kind === 'layer')],
    );
  /** Rotates queries and keys, and copies keys and values to their blocks. */
  const place = (layer: number) => (row: number) => {
    const x = plainRow(joined, queries + 2 * shared, row);
    const position = positions[row];
    if (half > 0) {
      const at = row * half;
      kernel.rotate(x, heads + keyValueHeads, headBytes, half, layout.cosines + at, layout.sines + at);
    }
    const block = blocks[table(row, layer) + Math.floor(position / BLOCK_TOKENS)];
    const token = position % BLOCK_TOKENS;
    const keys = block + (token >> 2) * headBytes * 4 + (token & 3) * 16;
    kernel.keep_keys(x + queries * 4, keyValueHeads, headBytes, keys);
    const values = block + keyValueHeads * blockStride;
    kernel.keep_values(x + (queries + shared) * 4, keyValueHeads, headBytes, values, token);
  };
  const attend = (layer: number): Phase => ({
    pieces: () => cut(board.seen * heads * headSize * 2, board.rows * heads),
    run(piece, pieces) {
      const count = board.rows * heads;
      const end = from(piece + 1, pieces, count);
      for (let i = from(piece, pieces, count); i < end; i++) {
        const [row, head] = [Math.floor(i / heads), i % heads];
        const keys = Math.floor((head * keyValueHeads) / heads) * blockStride;
        kernel.attend(
          plainRow(joined, queries + 2 * shared, row) + head * headBytes,
          layout.tables + table(row, layer) * 4,
          packedRow(mixed, queries, row) + head * headSize * 16,
          ...[scores, keys, keys + keyValueHeads * blockStride, headBytes, positions[row] + 1],
          scoreScale(shape, layer),
        );
      }
    },
  });
  const activated = (row: number) =>
    kernel.activate(
      KINDS[shape.activation],
      plainRow(hidden, hiddenSize, row),
      packedRow(active, inner, row),
      padded(inner) * 4,
      gated ? panelled(inner) * 4 : 0,
    );

  const ofLayer = (each: LayerPlace, layer: number): Phase[] => {
    const attention = [
      rowByRow((row) => normalized(each.attentionNorm, row, normed, row)),
      multiply(each.attentionInput, normed, joined),
      rowByRow(place(layer)),
      attend(layer),
    ];
    const attended = multiply(each.attentionOutput, mixed, features, { adds: 1 });
    const thought = [
      rowByRow((row) => normalized(each.mlpNorm, row, normed, row)),
      multiply(each.mlpInput, normed, hidden),
      rowByRow(activated),
    ];
    const added = multiply(each.mlpOutput, active, features, { adds: 1 });
    // Where both are of the same features, neither is added before.
    return shape.residual === 'parallel'
      ? [...attention, ...thought, attended, added]
      : [...attention, attended, ...thought, added];
  };
  const count = () => board.wanted;
  const layers = layout.layers.flatMap(ofLayer);
  const beside = layout.heads.flatMap((each) =>
    each.flatMap(({ matrix, rows, packed }, i) => {
      const size = matrix.panels * 16;
      const isLast = i === each.length - 1;
      const layer = multiply(matrix, i === 0 ? final : each[i - 1].packed, rows, { count });
      if (isLast) return [layer];
      const width = each[i + 1].matrix.inputs;
      const relu = (row: number) =>
        kernel.activate(KINDS.relu, plainRow(rows, size, row), packedRow(packed, width, row), width * 4, 0);
      return [layer, rowByRow(relu, count)];
    }),
  );
  return {
    all: [
      ...layers,
      rowByRow((i) => normalized(layout.finalNorm, wanted[i], final, i), count),
      multiply(layout.head, final, layout.logits, { count }),
      ...beside,
    ],
    layers: layers.length,
  };
}
