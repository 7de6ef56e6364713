import { flattenSpace, leavesOf, type OwnSpace } from './composite.ts';
import {
  fits,
  isFloating,
  type ObservationArray,
  type ObservationDType,
  observationDType,
  observationShape,
  observationSize,
  type Space,
} from './spaces.ts';

/**
 * An observation of a user's environment: its elements row by row, or one number where it has one element; of a dict
 * its parts by name, of a tuple in order.
 */
export type OwnObservation =
  | number
  | ArrayLike<number>
  | readonly OwnObservation[]
  | { readonly [part: string]: OwnObservation };

/** A box or Discrete of the space, and where its elements go. */
interface Target {
  readonly path: readonly string[];
  /** In an error: the part's name, or 'the observation'. */
  readonly name: string;
  readonly space: Space;
  readonly start: number;
  /** Elements that are given. */
  readonly size: number;
  readonly dtype: ObservationDType;
  /** A Discrete within a dict or tuple is written one-hot. */
  readonly oneHot: boolean;
}

/** Checks what a user's environment observes and writes it, flattened, where it belongs. */
export class ObservationWriter {
  /** The space of what is written. */
  readonly flat: Space;
  readonly #targets: readonly Target[];

  constructor(space: OwnSpace) {
    this.flat = flattenSpace(space);
    const parts = this.flat.kind === 'box' ? this.flat.parts : undefined;
    this.#targets = leavesOf(space).map((leaf, i) => ({
      path: leaf.path,
      name: parts?.[i].name ?? 'the observation',
      space: leaf.space,
      start: parts?.[i].start ?? 0,
      size: observationSize(leaf.space),
      dtype: observationDType(leaf.space),
      oneHot: parts !== undefined && leaf.space.kind === 'discrete',
    }));
  }

  /**
   * @param method what gave `value`, for the error.
   * @throws TypeError naming the part that is missing, of another shape, or not of its dtype.
   */
  write(value: unknown, observation: ObservationArray, method: string): void {
    for (const target of this.#targets)
      this.#writePart(target, partOf(value, target, method), observation, method);
  }

  #writePart(target: Target, value: unknown, observation: ObservationArray, method: string): void {
    const { name, size, dtype } = target;
    if (typeof value === 'number' && size === 1) {
      put(target, value, 0, observation);
      return;
    }
    if (!isArrayLike(value)) {
      throw new TypeError(
        `${method} gave ${describe(value)} as ${name}: it must be ` +
          (size === 1 ? `a number (${dtype}).` : `an array of ${size} numbers (${dtype}).`),
      );
    }
    if (value.length !== size) {
      throw new TypeError(
        `${name} has ${value.length} elements: shape [${observationShape(target.space)}] has ${size}.`,
      );
    }
    for (let i = 0; i < size; i++) put(target, value[i], i, observation);
  }
}

function partOf(value: unknown, { path, name }: Target, method: string): unknown {
  let part = value;
  for (const key of path) {
    const inner =
      typeof part === 'object' && part !== null ? (part as Record<string, unknown>)[key] : undefined;
    if (inner === undefined) {
      throw new TypeError(`${method} gave ${describe(value)} without ${name} as the observation.`);
    }
    part = inner;
  }
  return part;
}

function put(
  { name, space, start, dtype, oneHot }: Target,
  x: number,
  i: number,
  out: ObservationArray,
): void {
  // NaN and infinity are told of by createEnvironment, for every environment that is not ours.
  if (typeof x !== 'number' || (!isFloating(dtype) && !fits(x, dtype))) {
    throw new TypeError(`element ${i} of ${name} is ${describe(x)}: it must be a number of ${dtype}.`);
  }
  if (!oneHot || space.kind === 'box') {
    out[start + i] = x;
    return;
  }
  if (x < 0 || x >= space.n) {
    throw new TypeError(`${name} is ${x}: it must be an integer from 0 to ${space.n - 1}.`);
  }
  out.fill(0, start, start + space.n);
  out[start + x] = 1;
}

const isArrayLike = (value: unknown): value is ArrayLike<number> =>
  typeof value === 'object' && value !== null && typeof (value as { length?: unknown }).length === 'number';

/** A value that was given, for an error. */
export function describe(value: unknown): string {
  if (value instanceof Promise) return 'a promise';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
