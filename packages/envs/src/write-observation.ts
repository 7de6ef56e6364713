import {
  describe,
  fits,
  isFloating,
  type ObservationArray,
  type ObservationDType,
  observationDType,
  observationShape,
  observationSize,
  type Space,
  unknownName,
} from '@qfleet/spaces';
import { flattenSpace, leavesOf, type OwnSpace } from './composite.ts';
import { ContractError } from './errors.ts';

/**
 * An observation of a user's environment: its elements row by row, in one array or as rows of rows, or one number where
 * it has one element; of a dict its parts by name, of a tuple in order.
 */
export type OwnObservation =
  | number
  | ArrayLike<number>
  | readonly OwnObservation[]
  | { readonly [part: string]: OwnObservation };

/** A box or Discrete of the space, and where its elements are written. */
interface Leaf {
  readonly kind: 'leaf';
  /** In an error: the part's name, or 'the observation'. */
  readonly name: string;
  readonly space: Space;
  readonly start: number;
  /** Elements that are given. */
  readonly size: number;
  readonly shape: readonly number[];
  readonly dtype: ObservationDType;
  /** A Discrete within a dict or tuple is written one-hot. */
  readonly oneHot: boolean;
}

/** A dict or tuple of the space. */
interface Group {
  readonly kind: 'group';
  /** As of a leaf. */
  readonly name: string;
  /** The names or indices of the parts. */
  readonly keys: readonly string[];
  readonly parts: readonly (Leaf | Group)[];
  /** The first leaf within: an error names it where the group is missing. */
  readonly first: Leaf;
}

/** Checks what a user's environment observes and writes it, flattened, where it belongs. */
export class ObservationWriter {
  /** The space of what is written. */
  readonly flat: Space;
  readonly #root: Leaf | Group;

  constructor(space: OwnSpace) {
    this.flat = flattenSpace(space);
    const parts = this.flat.kind === 'box' ? this.flat.parts : undefined;
    const leaves = leavesOf(space).map(
      (leaf, i): Leaf => ({
        kind: 'leaf',
        name: parts?.[i].name ?? 'the observation',
        space: leaf.space,
        start: parts?.[i].start ?? 0,
        size: observationSize(leaf.space),
        shape: observationShape(leaf.space),
        dtype: observationDType(leaf.space),
        oneHot: parts !== undefined && leaf.space.kind === 'discrete',
      }),
    );
    this.#root = treeOf(space, leaves, []);
  }

  /**
   * @param method what gave `value`, for the error.
   * @throws ContractError naming the part that is missing, not of the space, of another shape, or not of its dtype.
   */
  write(value: unknown, observation: ObservationArray, method: string): void {
    const root = this.#root;
    if (root.kind === 'leaf') writeLeaf(root, value, observation, method);
    else writeGroup(root, value, observation, method, value);
  }
}

/** The tree of a space, with the leaves taken in the order in which they are flattened. */
function treeOf(space: OwnSpace, leaves: Leaf[], path: readonly string[]): Leaf | Group {
  if (space.kind === 'box' || space.kind === 'discrete') return leaves.shift()!;
  const [first] = leaves;
  // A dict's parts as they are flattened: a part's leaves are next to each other.
  const spaces: Readonly<Record<string, OwnSpace>> = { ...(space.spaces as Record<string, OwnSpace>) };
  const keys =
    space.kind === 'dict' ? [...new Set(leavesOf(space).map((leaf) => leaf.path[0]))] : Object.keys(spaces);
  const parts = keys.map((key) => treeOf(spaces[key], leaves, [...path, key]));
  const name = path.length === 0 ? 'the observation' : path.join('.');
  return { kind: 'group', name, keys, parts, first };
}

/** @param whole observation, for the error. */
function writeGroup(
  group: Group,
  value: unknown,
  out: ObservationArray,
  method: string,
  whole: unknown,
): void {
  const missing = (part: Leaf | Group): ContractError => {
    const { name } = part.kind === 'leaf' ? part : part.first;
    return new ContractError(`${method} gave ${describe(whole)} without ${name} as the observation.`);
  };
  if (typeof value !== 'object' || value === null) throw missing(group);
  const { keys, parts } = group;
  const given = value as Readonly<Record<string, unknown>>;
  for (let i = 0; i < keys.length; i++) {
    const part = parts[i];
    const inner = given[keys[i]];
    if (inner === undefined) throw missing(part);
    if (part.kind === 'leaf') writeLeaf(part, inner, out, method);
    else writeGroup(part, inner, out, method, whole);
  }
  // All of its parts are there: more than those are too many.
  let count = 0;
  if (Array.isArray(value)) count = value.length;
  else for (const _ in given) count++;
  if (count <= keys.length) return;
  for (const key in given) {
    if (keys.includes(key)) continue;
    throw new ContractError(unknownName(`the space of ${group.name}`, 'part', key, keys));
  }
}

function writeLeaf(leaf: Leaf, value: unknown, out: ObservationArray, method: string): void {
  const { name, size, shape, dtype } = leaf;
  if (typeof value === 'number' && size === 1) {
    put(leaf, value, 0, out);
    return;
  }
  if (!isArrayLike(value)) {
    throw new ContractError(
      `${method} gave ${describe(value)} as ${name}: it must be ` +
        (size === 1 ? `a number (${dtype}).` : `an array of ${size} numbers (${dtype}).`),
    );
  }
  if (shape.length > 1 && isArrayLike(value[0])) {
    writeRows(leaf, value, 0, 0, out);
    return;
  }
  if (value.length !== size) {
    throw new ContractError(`${name} has ${value.length} elements: shape [${shape}] has ${size}.`);
  }
  for (let i = 0; i < size; i++) put(leaf, value[i], i, out);
}

/**
 * Writes rows of rows.
 *
 * @param axis that `rows` are along.
 * @param at the element where the first of them begins.
 * @returns the element after them.
 */
function writeRows(leaf: Leaf, rows: unknown, axis: number, at: number, out: ObservationArray): number {
  const { name, shape } = leaf;
  const length = shape[axis];
  if (!isArrayLike(rows) || rows.length !== length) {
    const has = isArrayLike(rows) ? `has ${rows.length} elements` : `is ${describe(rows)}`;
    const row = axis === 0 ? name : `the row of ${name} that begins at element ${at}`;
    throw new ContractError(`${row} ${has}: shape [${shape}] has ${length} along axis ${axis}.`);
  }
  if (axis === shape.length - 1) {
    for (let i = 0; i < length; i++) put(leaf, rows[i] as number, at + i, out);
    return at + length;
  }
  let next = at;
  for (let i = 0; i < length; i++) next = writeRows(leaf, rows[i], axis + 1, next, out);
  return next;
}

function put({ name, space, start, dtype, oneHot }: Leaf, x: number, i: number, out: ObservationArray): void {
  // createEnvironment reports NaN and infinity, for every environment that is not ours.
  if (typeof x !== 'number' || (!isFloating(dtype) && !fits(x, dtype))) {
    throw new ContractError(`element ${i} of ${name} is ${describe(x)}: it must be a number of ${dtype}.`);
  }
  // createEnvironment reports what is outside a Discrete that begins at 0, too.
  if (space.kind === 'box' || (!oneHot && space.start === undefined)) {
    out[start + i] = x;
    return;
  }
  const { n, start: least = 0 } = space;
  if (x < least || x >= least + n) {
    throw new ContractError(`${name} is ${x}: it must be an integer from ${least} to ${least + n - 1}.`);
  }
  if (!oneHot) {
    out[start] = x - least;
    return;
  }
  out.fill(0, start, start + n);
  out[start + x - least] = 1;
}

const isArrayLike = (value: unknown): value is ArrayLike<number> =>
  typeof value === 'object' && value !== null && typeof (value as { length?: unknown }).length === 'number';
