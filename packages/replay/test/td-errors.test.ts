import { expect, it } from 'vitest';
import { tdErrors } from '../src/chunk/td-errors.ts';
import reference from './reference/priorities.json' with { type: 'json' };

it.each(reference.tdErrors)('an actor’s TD errors of $n steps at γ = $gamma are NumPy’s', (given) => {
  const { n: nSteps, gamma: discount, last, errors } = given;
  const [rewards, taken, best] = [given.rewards, given.taken, given.best].map((of) => Float32Array.from(of));
  const out = new Float32Array(errors.length);
  tdErrors(rewards, { taken, best, last }, { discount, nSteps }, out);
  for (const [t, expected] of errors.entries()) expect(out[t]).toBeCloseTo(expected, 5);
});

it('an actor counts rewards as the learner does: clipped, then scaled', () => {
  const values = { taken: new Float32Array(3), best: new Float32Array(3), last: 0 };
  const out = new Float32Array(3);
  const rewards = { largest: 1, scale: 0.5 };
  tdErrors(Float32Array.of(4, -2, 0.5), values, { discount: 1, nSteps: 2, rewards }, out);
  // 1 − 1, −1 + 0.5 and 0.5, halved.
  expect([...out]).toEqual([0, 0.25, 0.25]);
});
