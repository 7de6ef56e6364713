/** What goes into a Q-network and comes out of it. A run's `Layout` is one. */
export interface Signature {
  readonly observationShape: readonly number[];
  /** A network takes float16 as float32. */
  readonly observationDType: 'float32' | 'float16' | 'int32' | 'uint8';
  /** n of a Discrete observation, which enters one-hot; absent for a box. */
  readonly observationCount?: number;
  readonly actions: number;
  /** Frames that are stacked in an observation, [frames, …observationShape]; absent: it is one frame. */
  readonly frames?: number;
}

/** The dtype in which observations reach a network. */
export function stateDType({ observationDType }: Signature): 'float32' | 'int32' | 'uint8' {
  return observationDType === 'float16' ? 'float32' : observationDType;
}

/** The shape of what a network takes a row: an observation, or several stacked. */
export function stateShape({ observationShape, frames }: Signature): readonly number[] {
  return frames === undefined ? observationShape : [frames, ...observationShape];
}

/** How many numbers of one observation enter an MLP: n one-hot, or all elements of a box, a frame. */
export function inputSize(signature: Signature): number {
  return (signature.frames ?? 1) * (signature.observationCount ?? elementsOf(signature.observationShape));
}

export const elementsOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);
