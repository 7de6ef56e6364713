import { Random } from '@qfleet/random';
import type { TransitionBatch } from '@qfleet/replay';

/** What may follow an action in a state. */
export interface Outcome {
  readonly state: number;
  readonly action: number;
  readonly probability: number;
  readonly reward: number;
  /** Null: the episode terminates. */
  readonly next: number | null;
}

/** A Markov decision process that is small enough to be known by heart. */
export interface Task {
  readonly states: number;
  readonly actions: number;
  readonly discount: number;
  readonly outcomes: readonly Outcome[];
}

/** Five states in a row: to the right of the last one lies a reward of 1, to the left of the first one of 0.3; both end it. */
export const chain: Task = {
  states: 5,
  actions: 2,
  discount: 0.9,
  outcomes: Array.from({ length: 5 }, (_, state) => [
    { state, action: 0, probability: 1, reward: state === 0 ? 0.3 : 0, next: state === 0 ? null : state - 1 },
    { state, action: 1, probability: 1, reward: state === 4 ? 1 : 0, next: state === 4 ? null : state + 1 },
  ]).flat(),
};

/**
 * Gymnasium's FrozenLake-v1, slippery: each action goes where it says or to either side, each with a third of the chances.
 */
export const frozenLake: Task = {
  states: 16,
  actions: 4,
  discount: 0.9,
  outcomes: Array.from({ length: 16 }, (_, state) => state)
    .filter((state) => 'SFFFFHFHFFFHHFFG'[state] !== 'H' && state !== 15)
    .flatMap((state) =>
      [0, 1, 2, 3].flatMap((action) =>
        [-1, 0, 1].map((side) => {
          const [row, column] = [Math.floor(state / 4), state % 4];
          // Left, down, right, up.
          const direction = (action + side + 4) % 4;
          const to = {
            row: Math.min(3, Math.max(0, row + [0, 1, 0, -1][direction])),
            column: Math.min(3, Math.max(0, column + [-1, 0, 1, 0][direction])),
          };
          const next = 4 * to.row + to.column;
          const ends = 'HG'.includes('SFFFFHFHFFFHHFFG'[next]);
          return { state, action, probability: 1 / 3, reward: Number(next === 15), next: ends ? null : next };
        }),
      ),
    ),
};

/** An arm with a sure and one with a chancy reward; both lead to a state where one of two noisy arms is better. */
export const noisyArms: Task = {
  states: 2,
  actions: 2,
  discount: 0.9,
  outcomes: [
    { state: 0, action: 0, probability: 1, reward: 0.2, next: 1 },
    { state: 0, action: 1, probability: 0.4, reward: 2, next: 1 },
    { state: 0, action: 1, probability: 0.6, reward: -1, next: null },
    { state: 1, action: 0, probability: 0.5, reward: -1, next: null },
    { state: 1, action: 0, probability: 0.3, reward: 1, next: null },
    { state: 1, action: 0, probability: 0.2, reward: 2, next: 0 },
    { state: 1, action: 1, probability: 0.9, reward: -0.5, next: null },
    { state: 1, action: 1, probability: 0.1, reward: 0.5, next: null },
  ],
};

/** One row for each outcome, weighed by its probability: a batch whose gradient is that of the expectation. */
export function wholeBatch({ outcomes }: Task): TransitionBatch {
  const column = (of: (outcome: Outcome) => number) => Float32Array.from(outcomes, of);
  return {
    size: outcomes.length,
    observations: Int32Array.from(outcomes, ({ state }) => state),
    nextObservations: Int32Array.from(outcomes, ({ next }) => next ?? 0),
    actions: Int32Array.from(outcomes, ({ action }) => action),
    returns: column(({ reward }) => reward),
    discounts: new Float32Array(outcomes.length),
    weights: column(({ probability }) => probability),
    handles: new Int32Array(outcomes.length),
    columns: {},
    nextColumns: {},
  };
}

/** Q [states × actions] to which a backup converges; of Q*, the next value is the largest of the actions'. */
export function iterate(
  { states, actions, discount, outcomes }: Task,
  nextValue: (q: readonly number[]) => number = (q) => Math.max(...q),
  bonusOf: (q: readonly number[], action: number) => number = () => 0,
): number[] {
  let q: number[] = Array.from({ length: states * actions }, () => 0);
  const at = (state: number) => q.slice(state * actions, (state + 1) * actions);
  for (let sweep = 0; sweep < 2_000; sweep++) {
    const after = q.map(() => 0);
    for (const { state, action, probability, reward, next } of outcomes) {
      const value = next === null ? 0 : nextValue(at(next));
      after[state * actions + action] +=
        probability * (reward + bonusOf(at(state), action) + discount * value);
    }
    q = after;
  }
  return q;
}

/** Returns of episodes that begin with an action in a state and go on by the best actions. */
export function returnsFrom(task: Task, state: number, action: number, episodes: number): number[] {
  const random = new Random(5);
  const q = iterate(task);
  const best = (of: number) => {
    const values = q.slice(of * task.actions, (of + 1) * task.actions);
    return values.indexOf(Math.max(...values));
  };
  return Array.from({ length: episodes }, () => {
    let [sum, factor] = [0, 1];
    for (let at: number | null = state, taken = action; at !== null; taken = at === null ? 0 : best(at)) {
      const outcome = drawn(task, at, taken, random.uniform());
      sum += factor * outcome.reward;
      factor *= task.discount;
      at = outcome.next;
    }
    return sum;
  });
}

/** The outcome of an action whose part of [0, 1) a uniform number lies in. */
function drawn({ outcomes }: Task, state: number, action: number, uniform: number): Outcome {
  const possible = outcomes.filter((each) => each.state === state && each.action === action);
  let left = uniform;
  // The last one also has what rounding leaves of the sum.
  return possible.find(({ probability }, i) => {
    left -= probability;
    return left < 0 || i === possible.length - 1;
  })!;
}

/** Wasserstein's distance of two distributions on the line, given as values with masses that sum to 1: ∫ |F − G|. */
export function wasserstein(
  a: readonly (readonly [value: number, mass: number])[],
  b: readonly (readonly [value: number, mass: number])[],
): number {
  const steps = [...a, ...b.map(([value, mass]) => [value, -mass] as const)].sort((x, y) => x[0] - y[0]);
  let [distance, difference] = [0, 0];
  for (const [i, [value, mass]] of steps.entries()) {
    difference += mass;
    if (i + 1 < steps.length) distance += Math.abs(difference) * (steps[i + 1][0] - value);
  }
  return distance;
}
