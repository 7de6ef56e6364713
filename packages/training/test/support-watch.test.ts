import { runSchema } from '@qfleet/config';
import { makeSequenceBatch, makeTransitionBatch } from '@qfleet/replay';
import { expect, it } from 'vitest';
import { SupportWatch } from '../src/support-watch.ts';

const layout = { frames: 1, shape: [1], dtype: 'float32', actions: 2 } as const;

/** What is said over calls of 10 updates, each with the given part of its targets outside and returns of −0.5 and 1. */
function saidOf(fields: object, parts: readonly number[]): string[] {
  const { agent } = runSchema.parse({
    environment: { id: 'x' },
    agent: { kind: 'dqn', objective: { kind: 'c51' }, ...fields },
  });
  const said: string[] = [];
  const watch = new SupportWatch(agent, (sentence) => said.push(sentence));
  const batch = makeTransitionBatch(2, layout);
  batch.returns.set([-0.5, 1]);
  const batches = Array.from({ length: 10 }, () => batch);
  for (const targetsOutside of parts) watch.afterCall(batches, { numbers: { targetsOutside }, fault: null });
  return said;
}

it('says once that targets left the range, and which range holds every return', () => {
  const parts = Array.from({ length: 300 }, () => 0.03);
  expect(saidOf({ discount: 0.99 }, parts.slice(0, 99))).toEqual([]);
  expect(saidOf({ discount: 0.99 }, parts)).toEqual([
    '3 % of the targets of 1000 updates lie outside of agent.objective.low … high, -10 … 10, and count as its ends: ' +
      'start a run with a range that holds every return, as agent.objective.low=-50 and agent.objective.high=100, ' +
      'the bounds that its rewards and agent.discount have.',
  ]);
  // 1/(1 − 0.9²) = 5.263, and h of it 1.503 + 0.005.
  expect(saidOf({ discount: 0.9, nSteps: 2 }, parts)[0]).toMatch(
    /low=-2\.7 and agent\.objective\.high=5\.3,/,
  );
  expect(saidOf({ discount: 0.9, nSteps: 2, valueRescaling: 1e-3 }, parts)[0]).toMatch(/high=1\.6,/);
  expect(saidOf({ discount: 1 }, parts)[0]).toMatch(/every return, which the environment’s rewards tell\.$/);
});

it('bounds the returns of sequences by their rewards', () => {
  const sequence = { burnIn: 0, length: 4, stride: 4 };
  const objective = { kind: 'c51' };
  const { agent } = runSchema.parse({
    environment: { id: 'x' },
    agent: { kind: 'dqn', objective, sequence, discount: 0.9, nSteps: 3 },
  });
  const said: string[] = [];
  const watch = new SupportWatch(agent, (sentence) => said.push(sentence));
  const batch = makeSequenceBatch({ kind: 'sequence', ...sequence }, 2, layout);
  batch.rewards.set([-0.5, 1]);
  for (let call = 0; call < 1_000; call++) {
    watch.afterCall([batch], { numbers: { targetsOutside: 0.03 }, fault: null });
  }
  expect(said).toEqual([expect.stringContaining('as agent.objective.low=-5 and agent.objective.high=10,')]);
});

it('is silent below 1 % of a window, and for objectives without a range', () => {
  const rare = Array.from({ length: 300 }, (_, call) => (call % 100 === 0 ? 0.9 : 0));
  expect(saidOf({}, rare)).toEqual([]);
  const { agent } = runSchema.parse({ environment: { id: 'x' }, agent: { kind: 'dqn' } });
  const watch = new SupportWatch(agent, () => expect.unreachable());
  for (let call = 0; call < 300; call++) {
    watch.afterCall([makeTransitionBatch(2, layout)], { numbers: { loss: 1 }, fault: null });
  }
});
