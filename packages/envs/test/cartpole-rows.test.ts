import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createVectorEnvironment, findEnvironment } from '../src/index.ts';
import { Rows } from './support/rows.ts';

/** What is done to the rows; `at` picks a row, and a seed where one comes. */
const action = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('step' as const), seed: fc.nat(), times: fc.nat(30) }),
  },
  fc.record({ kind: fc.constant('add' as const), seed: fc.nat() }),
  fc.record({ kind: fc.constant('remove' as const), seed: fc.nat() }),
  fc.record({ kind: fc.constant('reset' as const), seed: fc.nat() }),
);

test('batched CartPole is bit for bit the scalar one, with resets, and rows that come and go', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { minLength: 1, maxLength: 40 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 3 }),
      async (script, sutton_barto_reward, max_episode_steps, stack) => {
        const options = { sutton_barto_reward, max_episode_steps };
        const definition = findEnvironment('CartPole-v1', options);
        const { createVector: _, ...scalar } = definition;
        const both = [definition, scalar].map((each) => new Rows(each, createVectorEnvironment(each), stack));
        const [batched, copies] = both;
        batched.add(1);
        copies.add(1);
        for (const { kind, seed, ...more } of script) {
          const rows = batched.environment.rows;
          const row = seed % Math.max(1, rows);
          for (let time = 0; time <= ('times' in more ? more.times : 0); time++) {
            // Bits of the seed, so that each row goes its own way.
            const actions = Array.from({ length: rows }, (_, i) => (seed >> ((i + time) % 30)) & 1);
            for (const each of both) {
              if (kind === 'step') await each.step(actions);
              else if (kind === 'add') each.add(seed);
              else if (rows > 0) {
                if (kind === 'remove') each.remove(row);
                else each.environment.reset(row);
              }
              const { terminated, truncated } = each.arrays;
              if (kind === 'step') {
                for (let i = 0; i < rows; i++) if (terminated[i] || truncated[i]) each.environment.reset(i);
              }
            }
            expect(batched.seen).toEqual(copies.seen);
          }
        }
        for (const each of both) each.environment.close();
      },
    ),
    { numRuns: 60 },
  );
});

test('a row that comes when others have gone draws from its own stream', async () => {
  const definition = findEnvironment('CartPole-v1');
  const rows = new Rows(definition, createVectorEnvironment(definition));
  for (const seed of [1, 2, 3]) rows.add(seed);
  const third = rows.observation(2);
  rows.remove(0);
  rows.add(1);
  const fresh = new Rows(definition, createVectorEnvironment(definition));
  fresh.add(1);
  expect(rows.observation(1)).toEqual(third);
  expect(rows.observation(2)).toEqual(fresh.observation(0));
});
