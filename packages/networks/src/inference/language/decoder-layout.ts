import type { TransformerShape } from '../../language/transformer-shape.ts';
import { BLOCK_TOKENS } from '../transformer/kernel.ts';

/** Rows that go through the layers together: a layer's weights are read from memory once for them. */
export const MOST_ROWS = 64;

/** Rows whose logits and other heads are computed together. */
export const HEAD_ROWS = 16;

/** A size as rows have it that enter a dense layer: of whole SIMD vectors. */
export const padded = (size: number): number => Math.ceil(size / 4) * 4;

/** A size as rows have it that come of a dense layer: of whole panels. */
export const panelled = (size: number): number => Math.ceil(size / 16) * 16;

/** A dense layer in memory. Addresses are in bytes, as all here. */
export interface Matrix {
  /** A multiple of 4. */
  readonly inputs: number;
  /** Panels of 16 outputs each, [inputs, 16]. */
  readonly panels: number;
  readonly kernel: number;
  readonly bias: number;
}

/** Gain and bias of a norm. */
export interface NormPlace {
  readonly gain: number;
  readonly bias: number;
}

export interface LayerPlace {
  readonly attentionNorm: NormPlace;
  readonly attentionInput: Matrix;
  readonly attentionOutput: Matrix;
  readonly mlpNorm: NormPlace;
  readonly mlpInput: Matrix;
  readonly mlpOutput: Matrix;
}

/** A layer of a head: its rows, and these as the next layer takes them. */
export interface HeadLayerPlace {
  readonly matrix: Matrix;
  readonly outputs: number;
  readonly rows: number;
  readonly packed: number;
}

/** What a layout follows from. It passes to other threads. */
export interface DecoderPlan {
  readonly shape: TransformerShape;
  readonly slots: number;
  /** Inputs and outputs of each layer of the heads beside the language model's. */
  readonly heads: readonly (readonly { readonly inputs: number; readonly outputs: number }[])[];
  readonly threads: number;
}

/** Where everything lies that a decoder computes with, but for keys and values, which come after it. */
export interface DecoderLayout {
  /** What threads tell each other, as int32. */
  readonly board: number;
  /** Int32 [MOST_ROWS] each: the position and the slot of each row; which rows want logits, [HEAD_ROWS]. */
  readonly positions: number;
  readonly slots: number;
  readonly wanted: number;
  /** The blocks of each slot and layer, int32 [slots, layers, blocks]. */
  readonly tables: number;
  readonly blocks: number;
  readonly layers: readonly LayerPlace[];
  readonly finalNorm: NormPlace;
  readonly head: Matrix;
  readonly heads: readonly (readonly HeadLayerPlace[])[];
  /** [MOST_ROWS, half of what is rotated]. */
  readonly cosines: number;
  readonly sines: number;
  /** [threads, context]: room for scores. */
  readonly scores: number;
  /** Rows one after another: what goes from layer to layer; queries, keys and values; the hidden layer; logits. */
  readonly features: number;
  readonly joined: number;
  readonly hidden: number;
  readonly logits: number;
  /** Packed rows: norms of the features, also those for the hidden layer; what attention makes; the hidden layer, active; final features. */
  readonly normed: number;
  readonly mixed: number;
  readonly active: number;
  readonly final: number;
  /** Numbers of a head, padded. */
  readonly headSize: number;
  /** Bytes of a block of keys and values. */
  readonly blockBytes: number;
  /** Bytes of everything. */
  readonly bytes: number;
}

/** Lays a decoder out: the same in each thread. */
export function layOutDecoder({ shape, slots, heads, threads }: DecoderPlan): DecoderLayout {
  const { width, vocabulary, layers, keyValueHeads, inner, gated, positions, context } = shape;
  let end = 0;
  const allocate = (bytes: number): number => {
    const start = end;
    // Whole cache lines.
    end += Math.ceil(bytes / 64) * 64;
    return start;
  };
  const matrix = (inputs: number, outputs: number): Matrix => ({
    inputs: padded(inputs),
    panels: panelled(outputs) / 16,
    kernel: allocate(padded(inputs) * panelled(outputs) * 4),
    bias: allocate(panelled(outputs) * 4),
  });
  const norm = (): NormPlace => ({ gain: allocate(padded(width) * 4), bias: allocate(padded(width) * 4) });
  const rows = (size: number, count = MOST_ROWS) => allocate(count * panelled(size) * 4);
  const packed = (size: number, count = MOST_ROWS) => allocate(Math.ceil(count / 4) * padded(size) * 16);
  const headSize = padded(shape.headSize);
  const [queries, shared] = [shape.heads * headSize, keyValueHeads * headSize];
  const hidden = gated ? 2 * panelled(inner) : inner;
  const blocks = Math.ceil(context / BLOCK_TOKENS);
  const half = positions.kind === 'rotary' ? positions.size / 2 : 0;
  return {
    ...{ board: allocate(512), headSize, blocks },
    ...{
      positions: allocate(4 * MOST_ROWS),
      slots: allocate(4 * MOST_ROWS),
      wanted: allocate(4 * HEAD_ROWS),
    },
    tables: allocate(4 * slots * layers * blocks),
    layers: Array.from({ length: layers }, () => ({
      attentionNorm: norm(),
      attentionInput: matrix(width, queries + 2 * shared),
      attentionOutput: matrix(queries, width),
      mlpNorm: norm(),
      mlpInput: matrix(width, hidden),
      mlpOutput: matrix(inner, width),
    })),
    finalNorm: norm(),
    head: matrix(width, vocabulary),
    heads: heads.map((each) =>
      each.map(({ inputs, outputs }) => ({
        ...{ matrix: matrix(inputs, outputs), outputs },
        ...{ rows: rows(outputs, HEAD_ROWS), packed: packed(outputs, HEAD_ROWS) },
      })),
    ),
    ...{ cosines: allocate(4 * MOST_ROWS * half), sines: allocate(4 * MOST_ROWS * half) },
    scores: allocate(4 * threads * scoresOf(context)),
    ...{ features: rows(width), joined: rows(queries + 2 * shared), hidden: rows(hidden) },
    logits: rows(vocabulary, HEAD_ROWS),
    ...{
      normed: packed(width),
      mixed: packed(queries),
      active: packed(inner),
      final: packed(width, HEAD_ROWS),
    },
    blockBytes: 2 * shared * BLOCK_TOKENS * 4,
    bytes: end,
  };
}

/** Room for the scores of a thread, in numbers. */
export const scoresOf = (context: number): number => Math.ceil(context / 16) * 16;

/** The place of a row among packed ones at an address. */
export const packedRow = (address: number, size: number, row: number): number =>
  address + (row >> 2) * padded(size) * 16 + (row & 3) * 4;

/** The place of a row among rows of so many numbers one after another. */
export const plainRow = (address: number, size: number, row: number): number =>
  address + row * panelled(size) * 4;
