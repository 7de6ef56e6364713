import fc from 'fast-check';
import { expect, test } from 'vitest';
import { expectSame, pair, resetEnded } from './support/pair.ts';

/** What is done to the rows; `seed` also picks a row. */
const deed = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('step' as const), seed: fc.nat(), times: fc.nat(8) }),
  },
  fc.record({ kind: fc.constantFrom('add' as const, 'remove' as const, 'reset' as const), seed: fc.nat() }),
);

test.each([
  ['highway-fast-v0', 'Kinematics', 8],
  ['highway-fast-v0', 'OccupancyGrid', 3],
  ['highway-v0', 'Kinematics', 1],
])(
  'batched %s with %s is bit for bit the scalar one, with ends, resets, and rows that come and go',
  async (id, type, numRuns) => {
    let ends = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(deed, { minLength: 8, maxLength: 14 }),
        fc.integer({ min: 5, max: 30 }),
        fc.integer({ min: 1, max: 2 }),
        async (script, max_episode_steps, stack) => {
          const both = pair(id, { max_episode_steps, observation: { type } }, stack);
          for (const each of both) for (const seed of [1, 2]) each.add(seed);
          for (const { kind, seed, ...more } of script) {
            const { rows } = both[0].environment;
            for (let time = 0; time <= ('times' in more ? more.times : 0); time++) {
              const actions = Array.from({ length: rows }, (_, i) => ((seed >> ((i + time) % 20)) + i) % 5);
              for (const each of both) {
                if (kind === 'step') await each.step(actions);
                else if (kind === 'add') each.add(seed);
                else if (rows > 0 && kind === 'remove') each.remove(seed % rows);
                else if (rows > 0) each.environment.reset(seed % rows);
              }
              // The state that an episode ended in is still there, for who bootstraps from it.
              expectSame(both);
              if (kind !== 'step') continue;
              ends += both[0].arrays.terminated.reduce((sum, end) => sum + end, 0);
              for (const each of both) resetEnded(each);
              expectSame(both);
            }
          }
          for (const each of both) each.environment.close();
        },
      ),
      { numRuns },
    );
    if (numRuns > 1) expect(ends).toBeGreaterThan(0);
  },
);
