import {
  type Box,
  box,
  type Discrete,
  describe,
  discrete,
  isFloating,
  type ObservationDType,
  observationSize,
  refuseUnknown,
  type Space,
} from '@qfleet/spaces';

/** Named spaces together, as Gymnasium's `Dict`. */
export interface Dict {
  readonly kind: 'dict';
  readonly spaces: Readonly<Record<string, OwnSpace>>;
}

/** Spaces together in an order, as Gymnasium's `Tuple`. */
export interface Tuple {
  readonly kind: 'tuple';
  readonly spaces: readonly OwnSpace[];
}

/** What a user's environment may observe. Dicts and tuples, nested or not, are flattened into one box. */
export type OwnSpace = Space | Dict | Tuple;

/** A Box or Discrete within a dict or tuple, and the way to it; the root itself has none. */
export interface Leaf {
  readonly path: readonly string[];
  readonly space: Space;
}

/**
 * A dict of named spaces.
 * @throws RangeError naming the part that is wrong.
 * @example
 * Object.keys(dict({ position: box({ low: -1, high: 1, shape: [2] }), door: discrete(3) }).spaces); // → ['position', 'door']
 */
export function dict(spaces: Readonly<Record<string, OwnSpace>>): Dict {
  return completeSpace({ kind: 'dict', spaces }) as Dict;
}

/**
 * A tuple of spaces in an order.
 * @throws RangeError naming the part that is wrong.
 * @example
 * tuple(discrete(3), box({ low: 0, high: 1, shape: [2] })).spaces.length; // → 2
 */
export function tuple(...spaces: readonly OwnSpace[]): Tuple {
  return completeSpace({ kind: 'tuple', spaces }) as Tuple;
}

/**
 * A space that may be a plain object, with `box`'s defaults.
 * @throws RangeError naming the part that is wrong.
 */
export function completeSpace(value: unknown, name = ''): OwnSpace {
  const where = name === '' ? '' : `Part ${name}: `;
  const fail = (problem: string): never => {
    throw new RangeError(`${where}${problem}.`);
  };
  if (value === undefined) return fail('it is missing');
  if (typeof value !== 'object' || value === null) return fail(`it must be a space, not ${describe(value)}`);
  const known = (kind: string): void => refuseUnknown(`${where}a ${kind} space`, value, ['spaces']);
  const space = value as OwnSpace;
  switch (space.kind) {
    case 'box':
    case 'discrete':
      try {
        if (space.kind === 'box') return box(space);
        refuseUnknown('A discrete space', space, ['n', 'start']);
        return discrete(space.n, space.start);
      } catch (cause) {
        throw new RangeError(`${where}${(cause as Error).message}`, { cause });
      }
    case 'dict': {
      known('dict');
      const parts = Object.entries(space.spaces ?? {});
      if (parts.length === 0) fail('a dict space cannot be made: it has no parts');
      const wrong = parts.find(([key]) => key === '' || key.includes('.'));
      if (wrong)
        fail(`a dict space cannot be made: ${JSON.stringify(wrong[0])} is no name (not empty, no dot)`);
      const spaces = parts.map(([key, part]) => [key, completeSpace(part, within(name, key))]);
      return { kind: 'dict', spaces: Object.fromEntries(spaces) };
    }
    case 'tuple': {
      known('tuple');
      const parts = Array.isArray(space.spaces) ? space.spaces : [];
      if (parts.length === 0) fail('a tuple space cannot be made: it has no parts');
      return { kind: 'tuple', spaces: parts.map((part, i) => completeSpace(part, within(name, String(i)))) };
    }
    default:
      return fail(
        `kind must be box, discrete, dict or tuple, not ${describe((space as { kind?: unknown }).kind)}`,
      );
  }
}

const within = (name: string, key: string): string => (name === '' ? key : `${name}.${key}`);

/** The boxes and discretes of a space in the order in which they are flattened: Gymnasium's, a dict's keys sorted. */
export function leavesOf(space: OwnSpace, path: readonly string[] = []): Leaf[] {
  switch (space.kind) {
    case 'dict':
      return Object.keys(space.spaces)
        .sort(byCodePoint)
        .flatMap((key) => leavesOf(space.spaces[key], [...path, key]));
    case 'tuple':
      return space.spaces.flatMap((part, i) => leavesOf(part, [...path, String(i)]));
    default:
      return [{ path, space }];
  }
}

/** Python's order of strings; JavaScript's own is another beyond U+FFFF. */
function byCodePoint(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  const at = left.findIndex((character, i) => character !== right[i]);
  // One is the beginning of the other, or they are the same.
  if (at < 0 || at >= right.length) return left.length - right.length;
  return left[at].codePointAt(0)! - right[at].codePointAt(0)!;
}

/**
 * The space of what networks and chunks see: a dict or tuple becomes one box of rank 1, as Gymnasium's `flatten_space`
 * makes it. A Discrete within it is one-hot. The dtype is the smallest that holds every box's values (float32 for
 * int32 beside floating point, which a network takes it as anyway).
 */
export function flattenSpace(space: OwnSpace): Space {
  if (space.kind === 'box') return space;
  if (space.kind === 'discrete') return discrete(space.n);
  const leaves = leavesOf(space);
  let start = 0;
  const parts = leaves.map(({ path, space: leaf }) => {
    const size = flatSize(leaf);
    const part = { name: path.join('.'), start, size, ...(leaf.kind === 'box' ? { shape: leaf.shape } : {}) };
    start += size;
    return part;
  });
  const bounds = (of: (leaf: Space) => number | readonly number[]) =>
    leaves.flatMap(({ space: leaf }) => {
      const bound = of(leaf);
      return typeof bound === 'number' ? new Array<number>(flatSize(leaf)).fill(bound) : bound;
    });
  return {
    kind: 'box',
    shape: [start],
    dtype: commonDType(leaves.flatMap(({ space: leaf }) => (leaf.kind === 'box' ? [leaf.dtype] : []))),
    low: bounds((leaf) => (leaf.kind === 'box' ? leaf.low : 0)),
    high: bounds((leaf) => (leaf.kind === 'box' ? leaf.high : 1)),
    parts,
  };
}

/** Elements of a box; n of a Discrete. */
const flatSize = (space: Box | Discrete): number => (space.kind === 'box' ? observationSize(space) : space.n);

function commonDType(dtypes: readonly ObservationDType[]): ObservationDType {
  const [first = 'uint8', ...others] = new Set(dtypes);
  if (others.length === 0) return first;
  const all = [first, ...others];
  if (!all.some(isFloating)) return 'int32';
  return all.every((dtype) => dtype === 'float16' || dtype === 'uint8') ? 'float16' : 'float32';
}
