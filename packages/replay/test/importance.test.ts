import { Random } from '@qfleet/random';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MemoryReplayStore, makeTransitionBatch, Replay } from '../src/index.ts';
import { MinTree } from '../src/sampling/min-tree.ts';
import reference from './reference/priorities.json' with { type: 'json' };
import { encode, LAYOUT } from './support/episodes.ts';

/** A chunk of one step per priority; its observation is the transition's number. */
const chunks = (priorities: readonly number[]) =>
  priorities.map((priority, i) =>
    encode({
      sequence: i,
      episode: i,
      length: 1,
      end: 'terminated',
      observations: Float32Array.of(i, 0, 0, i, 1, 0),
      priorities: Float32Array.of(priority),
    }),
  );

async function replayOf(capacity: number, importanceWeights: 'batch' | 'table', alpha = 0.6) {
  const store = new MemoryReplayStore(LAYOUT, { transitions: capacity, bytes: 1e9 });
  const prioritized = { alpha, epsilon: 1e-6, importanceWeights };
  const replay = new Replay(store, {
    layout: LAYOUT,
    capacity,
    discount: 0.9,
    unit: { kind: 'transition', nSteps: 1 },
    prioritized,
  });
  return { store, replay };
}

it.each(reference.weights)('weights by the table’s largest are cpprb’s at β = $beta', async (given) => {
  const { priorities, weights, beta } = given;
  const { store, replay } = await replayOf(priorities.length, 'table');
  await store.append(chunks(priorities));
  await replay.sync();
  const batch = makeTransitionBatch(8, LAYOUT);
  const random = new Random(1);
  const drawn = new Set<number>();
  for (let i = 0; i < 200; i++) {
    await replay.sample(batch, random, { beta });
    for (let row = 0; row < batch.size; row++) {
      const id = batch.observations[row * 3];
      expect(batch.weights[row]).toBeCloseTo(weights[id], 5);
      drawn.add(id);
    }
  }
  expect(drawn.size).toBeGreaterThan(priorities.length / 2);
});

it('weights follow the table as priorities change and the smallest are evicted', async () => {
  const { store, replay } = await replayOf(4, 'table', 1);
  const table = new Map([1, 2, 3, 4].map((priority, id) => [id, priority]));
  const appended = chunks([1, 2, 3, 4, 8, 6]);
  await store.append(appended.slice(0, 4));
  await replay.sync();
  const batch = makeTransitionBatch(16, LAYOUT);
  const random = new Random(1);
  const check = async () => {
    await replay.sample(batch, random, { beta: 1 });
    for (let row = 0; row < batch.size; row++) {
      const priority = table.get(batch.observations[row * 3])!;
      expect(batch.weights[row]).toBeCloseTo(Math.min(...table.values()) / priority, 5);
    }
  };
  await check();
  // The two smallest go.
  await store.append(appended.slice(4));
  await replay.sync();
  table.delete(0);
  table.delete(1);
  table.set(4, 8).set(5, 6);
  await check();
  replay.updatePriorities(
    batch.handles,
    Float32Array.from(batch.handles, (_, row) => batch.observations[row * 3] + 0.5),
  );
  for (let row = 0; row < batch.size; row++) {
    const id = batch.observations[row * 3];
    table.set(id, id + 0.5);
  }
  await check();
});

it('weights of each batch have a largest of 1', async () => {
  const { store, replay } = await replayOf(40, 'batch');
  await store.append(chunks(reference.weights[0].priorities));
  await replay.sync();
  const batch = makeTransitionBatch(4, LAYOUT);
  for (let i = 0; i < 20; i++) {
    await replay.sample(batch, new Random(i), { beta: 0.7 });
    expect(Math.max(...batch.weights)).toBe(1);
  }
});

it('the tree of minima agrees with a plain array', () => {
  const operations = fc.integer({ min: 1, max: 700 }).chain((leaves) =>
    fc.record({
      leaves: fc.constant(leaves),
      steps: fc.array(
        fc.oneof(
          fc.array(fc.tuple(fc.nat(leaves - 1), fc.nat(1000)), { maxLength: 30 }),
          fc.record({ from: fc.nat(leaves), to: fc.nat(leaves), priority: fc.nat(9) }),
        ),
        { maxLength: 12 },
      ),
    }),
  );
  fc.assert(
    fc.property(operations, ({ leaves, steps }) => {
      const tree = new MinTree(leaves);
      const plain = new Array<number>(leaves).fill(0);
      for (const step of steps) {
        if (Array.isArray(step)) {
          const places = Int32Array.from(step, ([leaf]) => leaf);
          tree.setMany(
            places,
            Float64Array.from(step, ([, priority]) => priority),
            step.length,
          );
          for (const [leaf, priority] of step) plain[leaf] = priority;
        } else {
          tree.fill(step.from, step.to, step.priority);
          if (step.from < step.to) plain.fill(step.priority, step.from, step.to);
        }
        expect(tree.smallest).toBe(Math.min(...plain.filter((priority) => priority > 0)));
      }
    }),
  );
});
