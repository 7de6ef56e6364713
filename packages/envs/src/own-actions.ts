import {
  type Discrete,
  describe,
  discrete,
  listsOf,
  MOST_LISTS,
  type MultiDiscrete,
  multiDiscrete,
  refuseUnknown,
} from '@qfleet/spaces';

/** What a user's environment may take as an action. */
export type OwnActionSpace = Discrete | MultiDiscrete;

/** An action of such a space: a number, or a list of them. */
export type OwnAction<S extends OwnActionSpace> = S extends MultiDiscrete ? readonly number[] : number;

/** The actions of a user's environment: as agents count them, and as its `step` takes them. */
export interface OwnActions {
  readonly space: Discrete;
  /** What `step` takes for each action that an agent counts. */
  readonly toOwn: (action: number) => number | readonly number[];
}

/** @throws RangeError where `value` is no space that actions can be counted in. */
export function takeActions(value: unknown): OwnActions {
  if (value === undefined) throw new RangeError('it is missing.');
  const given = value as Partial<OwnActionSpace | { kind: 'box'; shape: readonly number[] }> | null;
  switch (given?.kind) {
    case 'discrete': {
      refuseUnknown('A discrete space', given, ['n', 'start']);
      const { n, start } = discrete(given.n as number, given.start);
      return {
        space: discrete(n),
        toOwn: start === undefined ? (action) => action : (action) => action + start,
      };
    }
    case 'multi-discrete': {
      refuseUnknown('A multi-discrete space', given, ['counts']);
      const lists = listsOf(multiDiscrete(given.counts as readonly number[]));
      return { space: discrete(lists.length), toOwn: (action) => lists[action] };
    }
    case 'box':
      throw new RangeError(
        `a box is continuous, and agents choose among actions that can be counted: ${levelsFor(given)}.`,
      );
    default:
      throw new RangeError(
        `it must be discrete, as in discrete(4), or multi-discrete, as in multiDiscrete([3, 2]), not ${describe(value)}.`,
      );
  }
}

/** Which levels to use in place of a continuous action. */
function levelsFor({ shape }: { readonly shape?: readonly number[] }): string {
  const numbers = Array.isArray(shape) ? shape.reduce((product: number, n: number) => product * n, 1) : 1;
  const levels = [5, 3, 2].find((each) => each ** numbers <= MOST_LISTS);
  if (levels === undefined)
    return `its ${numbers} numbers have more than ${MOST_LISTS} levels, even with 2 each`;
  const space =
    numbers === 1 ? `discrete(${levels})` : `multiDiscrete([${new Array(numbers).fill(levels).join(', ')}])`;
  return `use levels, as in ${space}, and make numbers of them in step`;
}
