/** What a layer normalisation is made for. */
export interface NormShape {
  /** How many equal parts of a layer's outputs are normalised, each on its own. */
  readonly groups: number;
  /** ε. */
  readonly epsilon: number;
}

/** y = gain ⊙ (x − μ)/√(σ² + ε) + bias, in each group of a layer's outputs on its own. */
export interface Norm extends NormShape {
  /** One of each output, as is the bias. */
  readonly gain: Float32Array;
  readonly bias: Float32Array;
}

/** So many of a normalisation side by side. */
export function normsBeside({ groups, epsilon, gain, bias }: Norm, times: number): Norm {
  return { groups: groups * times, epsilon, gain: repeated(gain, times), bias: repeated(bias, times) };
}

/** The numbers so many times one after another. */
export function repeated(numbers: Float32Array, times: number): Float32Array {
  const all = new Float32Array(numbers.length * times);
  for (let i = 0; i < times; i++) all.set(numbers, i * numbers.length);
  return all;
}

/** A normalisation's place in memory: `groups` of `units` each, whose gains and biases lie one after another. */
export interface NormPlace extends NormShape {
  readonly units: number;
  /** An address in bytes, as is that of the biases. */
  readonly gain: number;
  readonly bias: number;
}

/**
 * @param outputs of the layer.
 * @param allocate gives the address of so many bytes.
 */
export function placeNorm(
  { groups, epsilon }: NormShape,
  outputs: number,
  allocate: (bytes: number) => number,
): NormPlace {
  const bytes = outputs * 4;
  return { groups, epsilon, units: outputs / groups, gain: allocate(bytes), bias: allocate(bytes) };
}

/** Copies a normalisation's numbers into `memory` (float32 of the whole). */
export function writeNorm(memory: Float32Array, place: NormPlace, { gain, bias }: Norm): void {
  memory.set(gain, place.gain / 4);
  memory.set(bias, place.bias / 4);
}
