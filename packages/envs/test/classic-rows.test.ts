import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createVectorEnvironment, findEnvironment } from '../src/index.ts';
import { Rows } from './support/rows.ts';

/** What is done to the rows; `seed` also picks a row. */
const deed = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('step' as const), seed: fc.nat(), times: fc.nat(60) }),
  },
  fc.record({ kind: fc.constantFrom('add' as const, 'remove' as const, 'reset' as const), seed: fc.nat() }),
);

test.each([
  ['MountainCar-v0', {}],
  // Met at any velocity.
  ['MountainCar-v0', { goal_velocity: -1 }],
  ['Acrobot-v1', {}],
  ['Pendulum-v1', {}],
  ['Pendulum-v1', { levels: 2, g: 9.81 }],
])(
  'batched %s %j is bit for bit the scalar one, with resets, and rows that come and go',
  async (id, options) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(deed, { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 3 }),
        async (script, max_episode_steps, stack) => {
          const definition = findEnvironment(id, { ...options, max_episode_steps });
          const { createVector, ...scalar } = definition;
          expect(createVector).toBeDefined();
          const both = [definition, scalar].map(
            (each) => new Rows(each, createVectorEnvironment(each), stack),
          );
          const [batched, copies] = both;
          for (const each of both) each.add(1);
          const { n } = definition.actionSpace;
          for (const { kind, seed, ...more } of script) {
            const { rows } = batched.environment;
            const row = seed % Math.max(1, rows);
            for (let time = 0; time <= ('times' in more ? more.times : 0); time++) {
              // A push is kept for some steps, so that the rows gain speed, each its own way.
              const actions = Array.from({ length: rows }, (_, i) => (seed + i + (time >> 3)) % n);
              for (const each of both) {
                if (kind === 'step') {
                  await each.step(actions);
                } else if (kind === 'add') each.add(seed);
                else if (rows > 0) {
                  if (kind === 'remove') each.remove(row);
                  else each.environment.reset(row);
                }
              }
              expect(batched.seen).toEqual(copies.seen);
              if (kind !== 'step') continue;
              for (const each of both) {
                const { terminated, truncated } = each.arrays;
                for (let i = 0; i < rows; i++) if (terminated[i] || truncated[i]) each.environment.reset(i);
              }
              expect(batched.seen).toEqual(copies.seen);
            }
          }
          for (const each of both) each.environment.close();
        },
      ),
      { numRuns: 30 },
    );
  },
);

test.each([
  ['MountainCar-v0', 1],
  ['Acrobot-v1', 5],
])('batched %s reaches the goal when the scalar one does', async (id, velocity) => {
  const definition = findEnvironment(id);
  const { createVector: _, ...scalar } = definition;
  const both = [definition, scalar].map((each) => new Rows(each, createVectorEnvironment(each)));
  const [batched, copies] = both;
  for (const each of both) for (const seed of [1, 2, 3]) each.add(seed);
  const ends = [0, 0, 0];
  for (let t = 0; t < 600; t++) {
    // Pushed the way it moves, it swings higher and higher.
    const actions = ends.map((_, row) => (batched.observation(row)[velocity] >= 0 ? 2 : 0));
    for (const each of both) await each.step(actions);
    expect(batched.seen).toEqual(copies.seen);
    ends.forEach((_, row) => {
      if (batched.arrays.terminated[row] === 0 && batched.arrays.truncated[row] === 0) return;
      ends[row] += batched.arrays.terminated[row];
      for (const each of both) each.environment.reset(row);
    });
  }
  for (const count of ends) expect(count).toBeGreaterThan(1);
});
