import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { checkTokenCase, computed, type DrawnRow, type TokenReference } from './token-q-checks.ts';

/** What reference/token-q/main.py printed for seed 0. */
const { cases } = JSON.parse(
  gunzipSync(readFileSync(new URL('./reference/token-q/token-q.json.gz', import.meta.url))).toString(),
) as TokenReference;
const named = Object.entries(cases);
const some = named.filter(([name]) => ['sft', 'mc', 'ilql, CQL, masks', 'dqn, masks'].includes(name));

describe('the losses of language agents are PyTorch’s', () => {
  it.each(named)('%s', (_name, given) => checkTokenCase(given));

  it('of rows with padding, several turns, truncation, and a window that begins mid-dialogue', () => {
    const rows = named.flatMap(([, given]) => given.rows);
    const has = (wanted: (row: DrawnRow) => boolean) => expect(rows.some(wanted)).toBe(true);
    has(({ mask }) => mask.includes(0));
    has(({ speakers }) => speakers.filter((who) => who === 3).length > 2);
    for (const end of ['terminated', 'truncated', 'continues']) has((row) => row.end === end);
    has(({ speakers, trained }) => speakers.some((who, i) => (who & 1) === 1 && trained[i] === 0));
    has(({ speakers }) => (speakers[0]! & 1) === 1);
  });
});

describe('what is not the agent’s counts for nothing', () => {
  /** The cells before a token of the agent, and the last of a row: the states. */
  const isState = ({ speakers, mask, trained }: DrawnRow, i: number) =>
    trained[i + 1] === 1 || (mask[i] === 1 && mask[i + 1] !== 1) || (speakers[i + 1]! & 1) === 1;

  it.each(some)('in the networks’ outputs: %s', async (_name, given) => {
    const { gradients } = await computed(given);
    given.rows.forEach((row, r) => {
      row.tokens.forEach((_, i) => {
        if (isState(row, i)) return;
        for (const name of ['logits', 'q1', 'q2'] as const) {
          const at = (r * row.tokens.length + i) * given.vocabulary;
          expect(gradients[name]!.slice(at, at + given.vocabulary)).toEqual(
            new Array(given.vocabulary).fill(0),
          );
        }
      });
    });
  });

  it.each(some)('as padding, or as what the environment’s tokens are: %s', async (_name, given) => {
    const changed = given.rows.map((row) => ({
      ...row,
      tokens: row.tokens.map((token, i) =>
        row.mask[i] === 1 && (row.speakers[i]! & 1) === 1 ? token : (token + 3) % 7,
      ),
    }));
    expect(await computed({ ...given, rows: changed })).toEqual(await computed(given));
  });
});
