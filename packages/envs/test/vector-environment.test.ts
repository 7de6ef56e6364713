import { describe, expect, test } from 'vitest';
import {
  box,
  createVectorEnvironment,
  defineEnvironment,
  discrete,
  type EnvironmentDefinition,
  type OwnEnvironment,
  type RowArrays,
  type VectorEnvironment,
} from '../src/index.ts';
import { Rows } from './support/rows.ts';

/** Counts its steps; a copy ends after `ends` steps, and action 2 is allowed in an episode's first state alone. */
const counting = (copy: (made: number) => Partial<OwnEnvironment>, ends = 100): EnvironmentDefinition => {
  let made = 0;
  return defineEnvironment({
    id: 'Counting',
    observationSpace: box({ low: 0, high: 100, shape: [1] }),
    actionSpace: discrete(3),
    masked: true,
    maxEpisodeSteps: 5,
    create: () => {
      let t = 0;
      return {
        reset: () => {
          t = 0;
          return t;
        },
        step: () => ({ observation: ++t, reward: t / 3, terminated: t === ends }),
        mask: () => [1, 1, t === 0],
        ...copy(++made),
      };
    },
  });
};

const messages = (environment: VectorEnvironment): [number, string][] =>
  [...environment.failures].map(([row, error]) => [row, (error as Error).message]);

describe('copies of a scalar environment', () => {
  test('write rewards in full, ends apart, and the masks of the states that they lead to', async () => {
    const definition = counting(() => ({}), 2);
    const rows = new Rows(definition, createVectorEnvironment(definition), 3);
    rows.add(1);
    rows.add(2);
    await rows.step([0, 1]);
    rows.environment.reset(1);
    await rows.step([0, 1]);
    expect(rows.seen).toEqual([
      { observation: [2], reward: 2 / 3, terminated: 1, truncated: 0, masks: [1, 1, 1, 1, 1, 0] },
      { observation: [1], reward: 1 / 3, terminated: 0, truncated: 0, masks: [1, 1, 1, 1, 1, 0] },
    ]);
  });

  test('truncate at the time limit', async () => {
    const definition = counting(() => ({}));
    const rows = new Rows(definition, createVectorEnvironment(definition));
    rows.add(1);
    const ends: number[] = [];
    for (let step = 0; step < 5; step++) {
      await rows.step([0]);
      ends.push(rows.arrays.truncated[0]);
    }
    expect(ends).toEqual([0, 0, 0, 0, 1]);
    expect(rows.arrays.terminated[0]).toBe(0);
  });

  test('that throw do not hold up the others; their next reset makes them anew', async () => {
    const closed: number[] = [];
    const definition = counting((made) => ({
      close: () => {
        closed.push(made);
      },
      ...(made === 2
        ? {
            step: () => {
              throw new Error('no power');
            },
          }
        : {}),
    }));
    const environment = createVectorEnvironment(definition);
    const rows = new Rows(definition, environment);
    rows.add(1, 7);
    rows.add(2, 8, 40);
    rows.add(3, 9);
    await rows.step([0, 0, 0]);
    expect(messages(environment)).toEqual([
      [1, expect.stringMatching(/^Environment Counting, slot 8, episode 41, step 1: no power/)],
    ]);
    expect([rows.observation(0), rows.observation(2)]).toEqual([[1], [1]]);
    environment.reset(1);
    expect(closed).toEqual([2]);
    await rows.step([0, 0, 0]);
    expect(messages(environment)).toEqual([]);
    expect([0, 1, 2].map((row) => rows.observation(row)[0])).toEqual([2, 1, 2]);
    environment.close();
    expect(closed.toSorted()).toEqual([1, 2, 3, 4]);
  });

  test('that take long give the event loop a turn, where they are asked to', async () => {
    const definition = counting(() => ({}));
    const [atOnce, inTurns] = [
      createVectorEnvironment(definition),
      createVectorEnvironment(definition, 0),
    ].map((environment) => new Rows(definition, environment));
    for (const rows of [atOnce, inTurns]) for (const seed of [1, 2, 3]) rows.add(seed);
    expect(atOnce.environment.step(Int32Array.of(0, 0, 0))).toBeUndefined();
    const stepped = inTurns.environment.step(Int32Array.of(0, 0, 0));
    expect(stepped).toBeInstanceOf(Promise);
    expect(inTurns.seen).not.toEqual(atOnce.seen);
    await stepped;
    expect(inTurns.seen).toEqual(atOnce.seen);
    // One that is given up steps no copy that was closed.
    const givenUp = inTurns.environment.step(Int32Array.of(0, 0, 0));
    inTurns.environment.close();
    await givenUp;
    expect(inTurns.environment.failures.size).toBe(0);
  });
});

describe('a batched kernel that is not ours', () => {
  /** Two numbers a row, which `write` fills in each step. */
  class Kernel implements VectorEnvironment {
    rows = 0;
    failures = new Map<number, unknown>();
    arrays: RowArrays | null = null;
    readonly #write: (kernel: Kernel, arrays: RowArrays) => void | Promise<void>;

    constructor(write: (kernel: Kernel, arrays: RowArrays) => void | Promise<void>) {
      this.#write = write;
    }

    bind(arrays: RowArrays): void {
      this.arrays = arrays;
    }

    add(): void {
      this.rows++;
    }

    remove(): void {
      this.rows--;
    }

    reset(row: number): void {
      this.arrays!.masks!.fill(1, 2 * row, 2 * row + 2);
    }

    step(): void | Promise<void> {
      this.arrays!.rewards.fill(1);
      return this.#write(this, this.arrays!);
    }

    close(): void {}
  }

  const rowsOf = (write: (kernel: Kernel, arrays: RowArrays) => void | Promise<void>): Rows => {
    const definition: EnvironmentDefinition = {
      id: 'Rows',
      observationSpace: box({ low: -1, high: 1, shape: [2] }),
      actionSpace: discrete(2),
      masked: true,
      maxEpisodeSteps: 3,
      solvedReturn: null,
      summary: '',
      create: () => {
        throw new Error('it is stepped by rows');
      },
      createVector: () => new Kernel(write),
    };
    const rows = new Rows(definition, createVectorEnvironment(definition));
    for (const slot of [4, 5]) rows.add(slot, slot, 10);
    return rows;
  };

  const place = (slot: number, step: number): string =>
    `Environment Rows, slot ${slot}, episode 11, step ${step}: `;

  test.each<[string, (kernel: Kernel, arrays: RowArrays) => void | Promise<void>, string]>([
    [
      'NaN',
      (_, { observations, stride }) => {
        observations[stride + 1] = Number.NaN;
      },
      'element 1 of the observation is NaN: it must be a finite float32.',
    ],
    [
      'an infinite reward',
      (_, { rewards }) => {
        rewards[1] = Number.POSITIVE_INFINITY;
      },
      'the reward is Infinity: it must be a finite float32.',
    ],
    [
      'a mask that allows nothing',
      (_, { masks }) => {
        masks!.fill(0, 2, 4);
      },
      'the mask allows no action: it must allow one at least.',
    ],
    [
      'what it says of a row',
      ({ failures }) => {
        failures.set(1, 'no power');
      },
      'no power.',
    ],
  ])('has %s told by the place of its row, and of no other', async (_, write, problem) => {
    const rows = rowsOf(write);
    await rows.step([0, 1]);
    expect(messages(rows.environment)).toEqual([[1, place(5, 1) + problem]]);
  });

  test.each<[string, () => void | Promise<void>]>([
    [
      'throws',
      () => {
        throw 'the simulator is gone';
      },
    ],
    ['is rejected', () => Promise.reject('the simulator is gone')],
  ])('whose step %s has failed in all rows', async (_, write) => {
    const rows = rowsOf(write);
    await rows.step([0, 1]);
    expect(messages(rows.environment)).toEqual([
      [0, `${place(4, 1)}the simulator is gone.`],
      [1, `${place(5, 1)}the simulator is gone.`],
    ]);
  });

  test('is held to its time limit, and all is allowed in the state that ends an episode', async () => {
    const rows = rowsOf(async (_, { masks, truncated }) => {
      truncated.fill(0);
      masks!.set([1, 0, 1, 0]);
    });
    const ends: number[][] = [];
    for (let step = 0; step < 3; step++) {
      if (step === 1) rows.environment.reset(1);
      await rows.step([0, 0]);
      ends.push([...rows.arrays.truncated]);
    }
    expect(ends).toEqual([
      [0, 0],
      [0, 0],
      [1, 0],
    ]);
    expect([...rows.arrays.masks!]).toEqual([1, 1, 1, 0]);
    expect(() => rows.environment.step(Int32Array.of(0, 0))).toThrow(
      /slot 4, .*no episode has begun: call reset before step\./,
    );
    rows.environment.reset(0);
    expect(() => rows.environment.step(Int32Array.of(0, 2))).toThrow(
      /slot 5, episode 12, step 3: action 2 is outside the action space \(the integers 0 to 1\)\./,
    );
  });
});
