import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { SHORT, trained } from './text-lm-checks.ts';

/** What `text-lm.reference.ts` had PyTorch make of the same training. */
const stored = JSON.parse(
  readFileSync(new URL('./reference/text-lm/stored/short.json', import.meta.url), 'utf8'),
) as { readonly heldOut: number };

it('a new decoder reaches the held-out perplexity that it reaches in PyTorch', {
  timeout: 120_000,
}, async () => {
  const { result } = await trained(SHORT);
  expect(result.updates).toBe(SHORT.updates);
  expect(Math.abs(Math.exp(result.heldOut.loss - stored.heldOut) - 1)).toBeLessThan(0.01);
});
