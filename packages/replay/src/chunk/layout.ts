import { crc32 } from 'node:zlib';
import {
  type ColumnSpec,
  elementsOf,
  type ObservationArray,
  type ObservationDType,
  type ObservationPart,
  observationArrays,
  type TokenSpec,
} from '@qfleet/spaces';
import type { Layout } from './chunk.ts';
import { MASK } from './columns.ts';

/** Elements of one observation. */
export function observationSize(layout: Layout): number {
  return elementsOf(layout.shape);
}

/** Bytes of one observation. */
export function observationBytes(layout: Layout): number {
  return observationSize(layout) * observationArrays[layout.dtype].BYTES_PER_ELEMENT;
}

/** A new array of `length` elements of `dtype`, all 0. */
export function makeObservations(dtype: ObservationDType, length: number): ObservationArray {
  return new observationArrays[dtype](length);
}

/** A view of `length` elements of `dtype` on `buffer`; `offset` is in bytes and aligned. */
export function viewObservations(
  dtype: ObservationDType,
  buffer: ArrayBufferLike,
  offset: number,
  length: number,
): ObservationArray {
  return new observationArrays[dtype](buffer as ArrayBuffer, offset, length);
}

/** The same memory as bytes. */
export function asBytes({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Up to this many elements (or bytes) a loop copies faster than a view and its `set`. */
export const SMALL_ROW = 64;

export function describeLayout(layout: Layout): string {
  const { dtype, shape, actions, columns = [], tokens } = layout;
  if (tokens !== undefined)
    return (
      `texts of ${tokens.vocabulary} tokens (tokenizer ${tokens.tokenizer}), ${tokens.context} at once, ` +
      `${tokens.history === null ? 'of all the episode' : `of the last ${tokens.history} texts`}`
    );
  const parts = layout.parts?.map(
    (part) => `${part.name}${part.shape ? `[${part.shape}]` : ` of ${part.size}`}`,
  );
  const of = parts ? ` (${parts.join(', ')})` : '';
  const named = columns.map(
    (column) => `${column.name} ${column.dtype}[${column.shape}] a ${column.cadence}`,
  );
  const beside = named.length > 0 ? ` and ${named.join(', ')}` : '';
  return `${dtype}[${shape.join(',')}]${of} with ${actions} actions${beside}`;
}

/** A layout as a replay keeps it, and files do: what the bytes of its chunks follow from. */
export interface StoredLayout {
  readonly observationShape: readonly number[];
  readonly observationDType: ObservationDType;
  readonly observationParts?: readonly ObservationPart[] | undefined;
  readonly actions: number;
  readonly columns?: readonly ColumnSpec[] | undefined;
  readonly tokens?: TokenSpec | undefined;
}

/** The layout as it is stored: with the same JSON wherever chunks are the same. */
export const storedLayout = ({ shape, dtype, parts, actions, columns, tokens }: Layout): StoredLayout => ({
  observationShape: shape,
  observationDType: dtype,
  observationParts: parts,
  actions,
  columns,
  tokens,
});

/** The layout that was stored as this JSON. A state counts as one frame: how many make one is no matter of chunks. */
export function parseLayout(json: string): Layout {
  const stored = JSON.parse(json) as StoredLayout;
  const { observationShape, observationDType, observationParts, actions, columns, tokens } = stored;
  return {
    shape: observationShape,
    dtype: observationDType,
    frames: 1,
    actions,
    ...(observationParts ? { parts: observationParts } : {}),
    ...(columns?.some(({ name }) => name === MASK) ? { masked: true } : {}),
    ...(columns ? { columns } : {}),
    ...(tokens ? { tokens } : {}),
  };
}

const fingerprints = new WeakMap<Layout, number>();

/** 32 bits that tell layouts apart: what a chunk carries, so that a store can refuse another run's at the door. */
export function layoutFingerprint(layout: Layout): number {
  let fingerprint = fingerprints.get(layout);
  if (fingerprint === undefined) {
    fingerprint = crc32(describeLayout(layout));
    fingerprints.set(layout, fingerprint);
  }
  return fingerprint;
}
