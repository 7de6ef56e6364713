import { runConfigOf, type TokenQConfig } from '@qfleet/config';
import { Random } from '@qfleet/random';
import { describe, expect, it } from 'vitest';
import { tokenSelector } from '../src/index.ts';

const config = (changes: object): TokenQConfig =>
  runConfigOf(
    { environment: { id: 'text/walks' }, agent: { kind: 'token-q', beta: 1, twin: false, ...changes } },
    'test',
  ).agent as TokenQConfig;

const logs = (...probabilities: number[]) => Float32Array.from(probabilities, (p) => Math.log(p) + 3);

/** How far each of some choices was, by ln π + βQ. */
function divergences(
  changes: object,
  decode: 'sample' | 'greedy',
  { model, q, legal }: { model: number[]; q: number[]; legal?: number[] },
): number[] {
  const told: number[] = [];
  const select = tokenSelector(config(changes), {
    ...{ decode, random: new Random(1), onDivergence: (nats) => told.push(nats) },
  });
  const outputs = { logits: logs(...model), values: { q1: Float32Array.from(q) } };
  for (let i = 0; i < 3; i++) select(outputs, legal && Uint8Array.from(legal));
  return told;
}

describe('the divergence of choices from the language model', () => {
  // π = (½, ¼, ¼) and p = (¼, ½, ¼) make ¼·ln ½ + ½·ln 2 = ¼·ln 2.
  const halves = { model: [0.5, 0.25, 0.25], q: [0, Math.log(4), Math.log(2)] };

  it('is Σ p·ln(p/π) of what tokens are drawn by, whichever is drawn', () => {
    for (const nats of divergences({}, 'sample', halves)) expect(nats).toBeCloseTo(Math.log(2) / 4, 6);
    for (const nats of divergences({ beta: 0 }, 'sample', halves)) expect(nats).toBeCloseTo(0, 6);
  });

  it('leaves out what is not legal in both', () => {
    const masked = { model: [0.25, 0.125, 0.125, 0.5], q: [...halves.q, 9], legal: [1, 1, 1, 0] };
    for (const nats of divergences({}, 'sample', masked)) expect(nats).toBeCloseTo(Math.log(2) / 4, 6);
  });

  it('counts legal tokens that are not among the likeliest, which are never chosen', () => {
    // Among two, p = (⅓, ⅔) of weights ½·1 and ¼·4.
    const expected = Math.log(1 / 3 / 0.5) / 3 + (2 * Math.log(2 / 3 / 0.3)) / 3;
    const q = [0, Math.log(1 / 0.3), 5];
    for (const nats of divergences({ among: 2 }, 'sample', { model: [0.5, 0.3, 0.2], q }))
      expect(nats).toBeCloseTo(expected, 6);
  });

  it('is −ln π of a token that is taken for certain', () => {
    for (const nats of divergences({}, 'greedy', halves)) expect(nats).toBeCloseTo(-Math.log(0.25), 6);
  });
});
