import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findEnvironment } from '../src/index.ts';
import { expectSame, pair, resetEnded } from './support/pair.ts';

/** What is done to the rows; `seed` also picks a row. */
const deed = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('step' as const), seed: fc.nat(), times: fc.nat(120) }),
  },
  fc.record({ kind: fc.constantFrom('add' as const, 'remove' as const, 'reset' as const), seed: fc.nat() }),
);

const ids = ['asterix', 'breakout', 'freeway', 'seaquest', 'space_invaders'].map((name) => `minatar/${name}`);

test.each([...ids, 'MinAtar/Seaquest-v0', 'MinAtar/Breakout-v0'])(
  'batched %s is bit for bit the scalar one, with ends, resets, and rows that come and go',
  async (id) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(deed, { minLength: 1, maxLength: 15 }),
        fc.record({
          max_episode_steps: fc.integer({ min: 1, max: 200 }),
          sticky_action_prob: fc.constantFrom(0, 0.1, 0.5),
          difficulty_ramping: fc.boolean(),
        }),
        fc.integer({ min: 1, max: 3 }),
        async (script, options, stack) => {
          const both = pair(id, options, stack);
          for (const each of both) each.add(1);
          const { n } = findEnvironment(id).actionSpace;
          for (const { kind, seed, ...more } of script) {
            const { rows } = both[0].environment;
            if (kind === 'step') {
              for (let time = 0; time <= ('times' in more ? more.times : 0); time++) {
                const actions = Array.from({ length: rows }, (_, i) => ((seed >> ((i + time) % 20)) + i) % n);
                for (const each of both) await each.step(actions);
                // The state that an episode ended in is still there, for who bootstraps from it.
                expectSame(both);
                for (const each of both) resetEnded(each);
                expectSame(both);
              }
              continue;
            }
            for (const each of both) {
              if (kind === 'add') each.add(seed);
              else if (rows > 0 && kind === 'remove') each.remove(seed % rows);
              else if (rows > 0) each.environment.reset(seed % rows);
            }
            expectSame(both);
          }
          for (const each of both) each.environment.close();
        },
      ),
      { numRuns: 15 },
    );
  },
);

test.each(ids)('batched %s is the scalar one over thousands of steps, without a time limit', async (id) => {
  const both = pair(id, {}, 1);
  for (const each of both) for (let seed = 0; seed < 6; seed++) each.add(seed);
  const { n } = findEnvironment(id).actionSpace;
  let ends = 0;
  for (let t = 0; t < 2600; t++) {
    // Each row has a habit, kept for some steps.
    const actions = Array.from({ length: 6 }, (_, row) => (Math.imul(t >> (row % 3), 2654435761) >>> 8) % n);
    for (const each of both) await each.step(actions);
    expectSame(both);
    ends += both[0].arrays.terminated.reduce((sum, end) => sum + end, 0);
    for (const each of both) resetEnded(each);
  }
  expect(ends).toBeGreaterThan(5);
});

test('a row that comes when others have gone has taken no action yet', async () => {
  const both = pair('minatar/breakout', { sticky_action_prob: 0.9 }, 1);
  // As many as the kernel has room for at first, so that what the last one leaves stays where it was.
  for (const each of both) for (let seed = 0; seed < 8; seed++) each.add(seed);
  for (let seed = 8; seed < 14; seed++) {
    for (let t = 0; t < 20; t++) {
      for (const each of both) await each.step(new Array(8).fill(1));
      expectSame(both);
      for (const each of both) resetEnded(each);
    }
    for (const each of both) {
      each.remove(1);
      each.add(seed);
    }
  }
});
