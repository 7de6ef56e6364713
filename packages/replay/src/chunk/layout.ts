import { crc32 } from 'node:zlib';
import { type ObservationArray, type ObservationDType, observationArrays } from '@qfleet/envs';
import type { Layout } from './chunk.ts';

/** Elements of one observation. */
export function observationSize(layout: Layout): number {
  return layout.observationShape.reduce((product, n) => product * n, 1);
}

/** Bytes of one observation. */
export function observationBytes(layout: Layout): number {
  return observationSize(layout) * observationArrays[layout.observationDType].BYTES_PER_ELEMENT;
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
  const { observationDType, observationShape, observationParts, actions, columns = [] } = layout;
  const parts = observationParts?.map(
    ({ name, size, shape }) => `${name}${shape ? `[${shape}]` : ` of ${size}`}`,
  );
  const of = parts ? ` (${parts.join(', ')})` : '';
  const named = columns.map(({ name, dtype, shape, cadence }) => `${name} ${dtype}[${shape}] a ${cadence}`);
  const beside = named.length > 0 ? ` and ${named.join(', ')}` : '';
  return `${observationDType}[${observationShape.join(',')}]${of} with ${actions} actions${beside}`;
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
