/** The element types that an observation may have on the wire. */
export type ObservationDType = 'float32' | 'int32' | 'uint8';

export type ObservationArray = Float32Array | Int32Array | Uint8Array;

/** An array of `shape` with elements in [low, high]: one bound for all, or one an element. */
export interface Box {
  readonly kind: 'box';
  readonly shape: readonly number[];
  readonly dtype: ObservationDType;
  readonly low: number | readonly number[];
  readonly high: number | readonly number[];
}

/** The integers 0 … n − 1. As an observation: one int32 (shape []). */
export interface Discrete {
  readonly kind: 'discrete';
  readonly n: number;
}

export type Space = Box | Discrete;
