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
