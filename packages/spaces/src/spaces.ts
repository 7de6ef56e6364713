import { describe } from './describe.ts';
import { unknownName } from './unknown-name.ts';

/** The element types that an observation may have on the wire; float16 is float32 to a network. */
export type ObservationDType = 'float32' | 'float16' | 'int32' | 'uint8';

/** Where observations of a dtype lie: float32 elements in a Float32Array, and so on. */
export type ObservationArray = Float32Array | Float16Array | Int32Array | Uint8Array;

/** An array of `shape` with elements in [low, high]: one bound for all, or one an element. */
export interface Box {
  readonly kind: 'box';
  readonly shape: readonly number[];
  readonly dtype: ObservationDType;
  readonly low: number | readonly number[];
  readonly high: number | readonly number[];
  /** What its elements are, all of them in order, where it is a dict or tuple that was flattened. */
  readonly parts?: readonly ObservationPart[];
}

/** A box or Discrete within a dict or tuple: the elements from `start` on of the flattened observation. */
export interface ObservationPart {
  /** The keys and indices that lead to it, with dots between them. */
  readonly name: string;
  readonly start: number;
  /** Elements; n of a Discrete, which is one-hot. */
  readonly size: number;
  /** The shape of a box; a Discrete has none. */
  readonly shape?: readonly number[];
}

/**
 * The integers start … start + n − 1. To networks and chunks they are 0 … n − 1; as an observation, one int32 (shape []).
 */
export interface Discrete {
  readonly kind: 'discrete';
  readonly n: number;
  /** Default: 0. */
  readonly start?: number;
}

/** Lists of integers, element i one of 0 … counts[i] − 1. To networks and chunks they are the integers below their product. */
export interface MultiDiscrete {
  readonly kind: 'multi-discrete';
  readonly counts: readonly number[];
}

/** The most lists that a MultiDiscrete may have: a network has a value for each. */
export const MOST_LISTS = 1_024;

/** What a native environment observes. */
export type Space = Box | Discrete;

/** The typed array of each element type. */
export const observationArrays = {
  float32: Float32Array,
  float16: Float16Array,
  int32: Int32Array,
  uint8: Uint8Array,
} as const;

/** The integers that a dtype holds; one of floating point takes every number, rounded. */
const integerRange = { int32: [-0x80000000, 0x7fffffff], uint8: [0, 255] } as const;

export const isFloating = (dtype: ObservationDType): dtype is 'float32' | 'float16' =>
  dtype === 'float32' || dtype === 'float16';

/**
 * A box, checked. As in Gymnasium, `shape` may be left out where `low` or `high` is an array.
 *
 * @throws RangeError when the bounds do not fit the shape or each other, or a field is not one of a box.
 * @example
 * box({ low: -1, high: 1, shape: [3] }).dtype; // → 'float32'
 * box({ low: [0, -2], high: [1, 2] }).shape; // → [2]
 * box({ low: 0, high: 255, shape: [84, 84, 4], dtype: 'uint8' });
 */
export function box(given: {
  low: number | readonly number[];
  high: number | readonly number[];
  shape?: readonly number[];
  dtype?: ObservationDType;
}): Box {
  if (typeof given !== 'object' || given === null) {
    throw new RangeError(
      `box takes one object, as in box({ low: -1, high: 1, shape: [3] }), not ${describe(given)}.`,
    );
  }
  refuseUnknown('A box', given, ['shape', 'dtype', 'low', 'high']);
  const { low, high, dtype = 'float32' } = given;
  const bound = [low, high].find((b) => typeof b !== 'number');
  const shape = given.shape ?? (bound === undefined ? undefined : [(bound as readonly number[]).length]);
  if (shape === undefined) throw new RangeError('A box with one bound for all elements needs a shape.');
  const space: Box = { kind: 'box', shape, dtype, low, high };
  const problem = spaceProblem(space);
  if (problem !== null) throw new RangeError(`A box cannot be made: ${problem}.`);
  return space;
}

/**
 * The integers start … start + n − 1.
 *
 * @throws RangeError when `n` is not a positive integer, or not all of them are 32-bit integers.
 * @example
 * discrete(2); // → { kind: 'discrete', n: 2 }
 * discrete(3, -1); // → { kind: 'discrete', n: 3, start: -1 }
 */
export function discrete(n: number, start = 0): Discrete {
  const space: Discrete = { kind: 'discrete', n, ...(start === 0 ? {} : { start }) };
  const problem = spaceProblem(space);
  if (problem !== null) throw new RangeError(`A discrete space cannot be made: ${problem}.`);
  return space;
}

/**
 * Lists of integers, element i one of 0 … counts[i] − 1.
 *
 * @throws RangeError when a count is not a positive integer, or there are more than 1,024 lists.
 * @example
 * multiDiscrete([3, 2]).counts; // → [3, 2]
 */
export function multiDiscrete(counts: readonly number[]): MultiDiscrete {
  const fail = (problem: string): never => {
    throw new RangeError(`A multi-discrete space cannot be made: ${problem}.`);
  };
  if (!Array.isArray(counts)) return fail(`it takes a list of counts, not ${describe(counts)}`);
  if (counts.length === 0) return fail('it has no counts');
  const wrong = counts.findIndex((count) => !isPositiveInteger(count));
  if (wrong >= 0) return fail(`count ${wrong} must be a positive integer, not ${describe(counts[wrong])}`);
  const lists = counts.reduce((product, count) => product * count, 1);
  if (lists > MOST_LISTS)
    return fail(`${counts.join(' · ')} is ${lists} lists, and at most ${MOST_LISTS} may be told apart`);
  return { kind: 'multi-discrete', counts: [...counts] };
}

/** Every list of a MultiDiscrete by its index: the last element counts fastest. */
export function listsOf({ counts }: MultiDiscrete): readonly (readonly number[])[] {
  return counts.reduce<number[][]>(
    (lists, count) => lists.flatMap((list) => Array.from({ length: count }, (_, i) => [...list, i])),
    [[]],
  );
}

/**
 * Refuses fields that a space does not have.
 * @throws RangeError naming a field that such a space does not have, and the nearest that it has.
 */
export function refuseUnknown(what: string, given: object, known: readonly string[]): void {
  const unknown = Object.keys(given).find((key) => key !== 'kind' && key !== 'parts' && !known.includes(key));
  if (unknown !== undefined) throw new RangeError(unknownName(what, 'field', unknown, known));
}

const isPositiveInteger = (n: unknown): boolean =>
  typeof n === 'number' && Number.isInteger(n) && n >= 1 && n <= 0x7fffffff;

/** What is wrong with a value that should be a space, as the end of a sentence; `null`: nothing. */
function spaceProblem(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return 'it is not an object';
  const space = value as Partial<Record<keyof Box | keyof Discrete, unknown>>;
  if (space.kind === 'discrete') {
    const { n, start = 0 } = space;
    if (!isPositiveInteger(n)) return `n must be a positive integer, not ${describe(n)}`;
    if (fits(start, 'int32') && fits((start as number) + (n as number) - 1, 'int32')) return null;
    return `start must be an integer, and start + n − 1 at most 2,147,483,647: it is ${describe(start)}`;
  }
  if (space.kind !== 'box') return `kind must be 'box' or 'discrete', not ${String(space.kind)}`;
  const { shape, dtype, low, high } = space;
  if (!Array.isArray(shape) || !shape.every(isPositiveInteger)) {
    return `shape must be a list of positive integers, not ${JSON.stringify(shape)}`;
  }
  if (typeof dtype !== 'string' || !Object.hasOwn(observationArrays, dtype)) {
    return `dtype must be float32, float16, int32 or uint8, not ${describe(dtype)}`;
  }
  const size = shape.reduce((product: number, n: number) => product * n, 1);
  for (const [name, bound] of [
    ['low', low],
    ['high', high],
  ] as const) {
    if (typeof bound === 'number') {
      if (Number.isNaN(bound)) return `${name} is NaN`;
    } else if (!Array.isArray(bound)) {
      return `${name} must be a number or a list of numbers, not ${describe(bound)}`;
    } else if (!bound.every((b) => typeof b === 'number' && !Number.isNaN(b))) {
      const at = bound.findIndex((b) => typeof b !== 'number' || Number.isNaN(b));
      return `element ${at} of ${name} must be a number, not ${describe(bound[at])}`;
    } else if (bound.length !== size) {
      return `${name} has ${bound.length} elements and shape [${shape}] has ${size}`;
    }
  }
  for (let i = 0; i < size; i++) {
    if (boundAt(low as Box['low'], i) > boundAt(high as Box['high'], i)) {
      return `low is above high at element ${i}`;
    }
  }
  return null;
}

const boundAt = (bound: number | readonly number[], i: number): number =>
  typeof bound === 'number' ? bound : bound[i];

/** The shape of one observation: `[]` for a discrete space. */
export function observationShape(space: Space): readonly number[] {
  return space.kind === 'box' ? space.shape : [];
}

/** How many elements one observation has; 1 for a discrete space. */
export function observationSize(space: Space): number {
  return observationShape(space).reduce((product, n) => product * n, 1);
}

/** The element type of one observation; int32 for a discrete space. */
export function observationDType(space: Space): ObservationDType {
  return space.kind === 'box' ? space.dtype : 'int32';
}

/** Zeros for `rows` observations one after the other: `rows × observationSize(space)` elements. */
export function allocateObservations(space: Space, rows = 1): ObservationArray {
  return new observationArrays[observationDType(space)](rows * observationSize(space));
}

/**
 * One view a row of `observations`, made once: slot i writes straight into row i of the batch, so that
 * stepping many slots allocates and copies nothing.
 */
export function observationRows<A extends ObservationArray>(observations: A, size: number): A[] {
  return Array.from(
    { length: Math.floor(observations.length / size) },
    (_, row) => observations.subarray(row * size, (row + 1) * size) as A,
  );
}

/** Names element `i` of an observation in a sentence: by its part, where there are parts. */
export function elementName(i: number, parts?: readonly ObservationPart[]): string {
  const part = parts?.find(({ start, size }) => i < start + size);
  return part ? `element ${i - part.start} of ${part.name}` : `element ${i} of the observation`;
}

/** Whether `value` is of the space: as many elements, each of its dtype and within its bounds (no NaN). */
export function contains(space: Space, value: ArrayLike<number>): boolean {
  const dtype = observationDType(space);
  if (value.length !== observationSize(space)) return false;
  for (let i = 0; i < value.length; i++) {
    const x = value[i];
    const low = space.kind === 'box' ? boundAt(space.low, i) : (space.start ?? 0);
    const high = space.kind === 'box' ? boundAt(space.high, i) : low + space.n - 1;
    if (!(x >= low && x <= high) || !fits(x, dtype)) return false;
  }
  return true;
}

/** Whether an element of this dtype can hold `x`. */
export function fits(x: unknown, dtype: ObservationDType): boolean {
  if (typeof x !== 'number') return false;
  if (isFloating(dtype)) return !Number.isNaN(x);
  const [low, high] = integerRange[dtype];
  return Number.isInteger(x) && x >= low && x <= high;
}
