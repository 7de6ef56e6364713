import { setImmediate } from 'node:timers/promises';
import type { Policy } from '@qfleet/agents';
import {
  createVectorEnvironment,
  type EnvironmentDefinition,
  findEnvironment,
  type RowArrays,
  type VectorEnvironment,
} from '@qfleet/envs';
import type { Random } from '@qfleet/random';
import { decodeChunk } from '@qfleet/replay';
import { describe, expect, it } from 'vitest';
import { layoutOf, playGreedyEpisodes, Rollout, type RolloutOptions } from '../src/index.ts';
import { countingEnvironment, failingEnvironment, roundRobin } from './fixtures.ts';

/** A definition's rows, with steps that are awaited: they are done as soon as `done` says so. */
class Awaited implements VectorEnvironment {
  readonly #rows: VectorEnvironment;
  readonly #done: () => Promise<unknown>;

  constructor(definition: EnvironmentDefinition, done: () => Promise<unknown>) {
    this.#rows = createVectorEnvironment(definition);
    this.#done = done;
  }

  get rows(): number {
    return this.#rows.rows;
  }

  get failures(): ReadonlyMap<number, unknown> {
    return this.#rows.failures;
  }

  bind(arrays: RowArrays): void {
    this.#rows.bind(arrays);
  }

  add(random: Random, slot: number, episodes: number): void {
    this.#rows.add(random, slot, episodes);
  }

  remove(row: number): void {
    this.#rows.remove(row);
  }

  reset(row: number): void {
    this.#rows.reset(row);
  }

  async step(actions: Int32Array): Promise<void> {
    await this.#done();
    this.#rows.step(actions);
  }

  close(): void {
    this.#rows.close();
  }
}

const awaited = (
  definition: EnvironmentDefinition,
  done: () => Promise<unknown> = () => setImmediate(),
): EnvironmentDefinition => ({ ...definition, createVector: () => new Awaited(definition, done) });

/** Goes round, and values action a by t + a. */
const valuing: Policy = {
  ...roundRobin,
  act: (rows) => {
    roundRobin.act(rows);
    const { states, count, values } = rows;
    for (let i = 0; i < 3 * count; i++) values![i] = states[2 * Math.floor(i / 3)] + (i % 3);
  },
};

function makeRollout(
  definition: EnvironmentDefinition,
  options: Partial<Omit<RolloutOptions, 'epsilon'>> = {},
) {
  const layout = layoutOf(definition);
  const rollout = new Rollout({
    definition,
    layout,
    policy: valuing,
    writer: 'a',
    chunkLength: 5,
    seed: 3,
    epsilon: () => 0.5,
    tdErrors: { discount: 0.9, nSteps: 2 },
    ...options,
  });
  const takeChunks = () => rollout.takeChunks().map((bytes) => decodeChunk(bytes, layout, true));
  return { rollout, takeChunks };
}

describe('an environment whose steps are awaited', () => {
  it('gives the same chunks as one that is stepped at once, with slots that come and go', async () => {
    const definition = countingEnvironment();
    const [atOnce, inTime] = [definition, awaited(definition)].map((each) => makeRollout(each));
    for (const { rollout } of [atOnce, inTime]) {
      for (const slot of [0, 1, 2]) rollout.addSlot(slot);
      let steps = 0;
      for (let i = 0; i < 30; i++) steps += await rollout.step();
      rollout.removeSlot(1);
      rollout.addSlot(7);
      for (let i = 0; i < 30; i++) steps += await rollout.step();
      expect(steps).toBe(180);
      rollout.close();
    }
    expect(atOnce.rollout.step()).toBe(0);
    expect(inTime.rollout.takeEpisodes()).toEqual(atOnce.rollout.takeEpisodes());
    expect(inTime.takeChunks()).toEqual(atOnce.takeChunks());
  });

  it('has what was done before a step that is given up in its chunks, with the same priorities', async () => {
    const definition = countingEnvironment();
    const steps = 23;
    const finished = makeRollout(definition);
    for (const slot of [0, 1, 2]) finished.rollout.addSlot(slot);
    for (let i = 0; i < steps; i++) finished.rollout.step();
    finished.rollout.close();

    let left = steps;
    const hanging = makeRollout(
      awaited(definition, () => (left-- > 0 ? setImmediate() : Promise.withResolvers().promise)),
    );
    for (const slot of [0, 1, 2]) hanging.rollout.addSlot(slot);
    for (let i = 0; i < steps; i++) await hanging.rollout.step();
    void hanging.rollout.step();
    hanging.rollout.close();
    expect(hanging.rollout.slots).toEqual([]);
    expect(hanging.rollout.episodesOf(2)).toBe(finished.rollout.episodesOf(2));
    expect(hanging.takeChunks()).toEqual(finished.takeChunks());
  });

  it('takes nothing from a step that comes back after it was given up', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { rollout, takeChunks } = makeRollout(awaited(countingEnvironment(), () => promise));
    rollout.addSlot(0);
    const stepped = rollout.step();
    rollout.close();
    resolve();
    expect(await stepped).toBe(0);
    expect(takeChunks()).toEqual([]);
  });

  it('writes the version of the weights that acted, though newer ones came meanwhile', async () => {
    const { rollout, takeChunks } = makeRollout(awaited(countingEnvironment(1000)), { chunkLength: 1 });
    rollout.addSlot(0);
    for (let version = 1; version <= 3; version++) {
      rollout.weightsVersion = version;
      const stepped = rollout.step();
      rollout.weightsVersion = version + 100;
      await stepped;
    }
    rollout.close();
    expect(takeChunks().map(({ weightsVersion }) => weightsVersion)).toEqual([1, 2, 3]);
  });

  it('is played greedily to the same returns', async () => {
    const definition = findEnvironment('CartPole-v1', { max_episode_steps: 60 });
    const policy: Policy = {
      ...roundRobin,
      act: ({ states, count, actions }) => {
        // Towards where the pole leans.
        for (let row = 0; row < count; row++) actions[row] = states[4 * row + 2] > 0 ? 1 : 0;
      },
    };
    const options = { policy, episodes: 20, seed: 4, parallel: 6 };
    const atOnce = await playGreedyEpisodes({ definition, ...options });
    expect(await playGreedyEpisodes({ definition: awaited(definition), ...options })).toEqual(atOnce);
    const { createVector: _, ...scalar } = definition;
    expect(await playGreedyEpisodes({ definition: scalar, ...options })).toEqual(atOnce);
  });

  it('ends an evaluation that is cancelled while a step does not come back', async () => {
    let asked = 0;
    const definition = awaited(countingEnvironment(), () => Promise.withResolvers().promise);
    const { returns } = await playGreedyEpisodes({
      ...{ definition, policy: roundRobin, episodes: 2, seed: 1 },
      cancelled: () => ++asked > 3,
    });
    expect(returns).toEqual([]);
  });
});

describe.each([
  ['at once', (definition: EnvironmentDefinition) => definition],
  ['awaited', (definition: EnvironmentDefinition) => awaited(definition)],
])('a row that throws, stepped %s', (_, stepped) => {
  it('truncates its own episode alone, and the other rows go on', async () => {
    const survived: string[] = [];
    const { rollout, takeChunks } = makeRollout(stepped(failingEnvironment((episode) => episode === 2)), {
      chunkLength: 100,
      onError: { most: 1 },
      onSurvived: ({ message }) => survived.push(message),
    });
    for (const slot of [5, 6, 7]) rollout.addSlot(slot);
    for (let i = 0; i < 9; i++) await rollout.step();
    rollout.close();
    expect(survived).toEqual([
      expect.stringMatching(/^Environment Failing, slot 6, episode 1, step 4: .*no power/),
    ]);
    const lengths = (slot: number) =>
      chunks.filter((chunk) => chunk.slot === slot).map(({ length, end }) => [length, end]);
    const chunks = takeChunks();
    for (const slot of [5, 7]) {
      expect(lengths(slot)).toEqual([
        [6, 'truncated'],
        [3, 'continues'],
      ]);
    }
    expect(lengths(6)).toEqual([
      [3, 'truncated'],
      [5, 'continues'],
    ]);
  });
});
