import { Random } from '@qfleet/random';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AttentionMemory, BLOCK_TOKENS } from '../src/inference/attention/attention-memory.ts';

/** Attention as it is defined, in double precision. Queries [heads][headSize]; keys and values [tokens][keyValueHeads][headSize]. */
function plain(queries: number[][], keys: number[][][], values: number[][][], scale: number): number[] {
  const group = queries.length / keys[0].length;
  return queries.flatMap((query, head) => {
    const shared = Math.floor(head / group);
    const weights = keys.map((each) =>
      Math.exp(scale * each[shared].reduce((sum, key, i) => sum + key * query[i], 0)),
    );
    const total = weights.reduce((a, b) => a + b);
    return query.map((_, i) =>
      values.reduce((sum, each, token) => sum + (weights[token] / total) * each[shared][i], 0),
    );
  });
}

it('attends to what blocks hold, of any heads and tokens, in blocks that were used before', () => {
  const cases = fc.record({
    keyValueHeads: fc.integer({ min: 1, max: 3 }),
    group: fc.integer({ min: 1, max: 3 }),
    headSize: fc.integer({ min: 1, max: 37 }),
    tokens: fc.array(fc.integer({ min: 1, max: 3 * BLOCK_TOKENS }), { minLength: 1, maxLength: 4 }),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(cases, ({ keyValueHeads, group, headSize, tokens: texts, seed }) => {
      const random = new Random(seed);
      const heads = keyValueHeads * group;
      const draw = (count: number) =>
        Array.from({ length: count }, () => Array.from({ length: headSize }, () => random.normal()));
      const memory = new AttentionMemory({ heads, keyValueHeads, headSize }, 3 * BLOCK_TOKENS);
      for (const tokens of texts) {
        const take = () => Array.from({ length: Math.ceil(tokens / BLOCK_TOKENS) }, () => memory.take());
        const blocks = { keys: take(), values: take() };
        const rows = { keys: [] as number[][][], values: [] as number[][][] };
        for (const kind of ['keys', 'values'] as const) {
          for (let token = 0; token < tokens; token++) {
            rows[kind].push(draw(keyValueHeads));
            const block = blocks[kind][Math.floor(token / BLOCK_TOKENS)];
            memory.write(block, token % BLOCK_TOKENS, Float32Array.from(rows[kind][token].flat()));
          }
        }
        const queries = draw(heads);
        const mixed = new Float32Array(heads * headSize);
        memory.attend(Float32Array.from(queries.flat()), blocks.keys, blocks.values, tokens, 0.3, mixed);
        for (const [i, each] of plain(queries, rows.keys, rows.values, 0.3).entries())
          expect(Math.abs(mixed[i] - each)).toBeLessThan(1e-5);
        // Kept in turns, so that the next text takes some of them and grows the memory for others.
        memory.give(blocks.keys);
      }
    }),
    { numRuns: 40 },
  );
});
