import { type RunConfig, runConfigOf, speaks } from '@qfleet/config';
import { describe, expect, it } from 'vitest';
import { TokenJudge, verdictOf } from '../src/index.ts';

function configOf(agent: object) {
  const run: RunConfig = runConfigOf(
    { environment: { id: 'text/walks' }, agent: { kind: 'token-q', network: { kind: 'decoder' }, ...agent } },
    'test',
  );
  if (!speaks(run)) throw new Error('It speaks.');
  return run.agent;
}

const float = (...values: number[]) => Float32Array.from(values);
/** Of four tokens; by the lesser head Q is 0.5, 0.25, −1, 2. */
const outputs = {
  logits: float(0, 1, 2, -8),
  values: { q1: float(0.5, 0.75, -1, 2), q2: float(1, 0.25, 0, 3), v: float(0.125) },
};

describe('what an agent makes of a token', () => {
  it('is Q by the lesser head, V by its head, and the likeliest others by ln π + βQ', () => {
    const judge = new TokenJudge(configOf({ objective: { kind: 'ilql' }, beta: 2 }), 'sample');
    expect(judge.judging(() => 0)(outputs)).toBe(0);
    // ln π + 2 Q, but for a constant: 1, 1.5, 0, −4.
    expect(judge.judged(0)).toEqual({
      ...{ token: 0, q: 0.5, v: 0.125, advantage: 0.375 },
      others: [
        { token: 1, q: 0.25 },
        { token: 2, q: -1 },
        { token: 3, q: 2 },
      ],
    });
    // The next one was the only choice: nobody was asked.
    expect(judge.judged(3)).toEqual({ token: 3, q: null, v: null, advantage: null, others: [] });
  });

  it('leaves out what is not legal; without a head of its own V is the largest legal Q', () => {
    const judge = new TokenJudge(configOf({ objective: { kind: 'dqn' }, beta: 1 }), 'greedy');
    const { v: _, ...values } = outputs.values;
    judge.judging(() => 1)({ ...outputs, values }, Uint8Array.of(1, 1, 1, 0));
    expect(judge.judged(1)).toEqual({
      ...{ token: 1, q: 0.25, v: 0.5, advantage: -0.25 },
      // A greedy DQN goes by Q alone.
      others: [
        { token: 0, q: 0.5 },
        { token: 2, q: -1 },
      ],
    });
  });

  it('has no values of a language model alone', () => {
    const judge = new TokenJudge(configOf({ objective: { kind: 'sft' } }), 'sample');
    judge.judging(() => 2)({ logits: outputs.logits, values: {} });
    expect(judge.judged(2)).toMatchObject({ q: null, v: null, advantage: null });
  });

  it('is better or worse than the text was worth, or says nothing', () => {
    const verdicts = [0.5, -0.5, 0.001, null].map((advantage) => verdictOf({ advantage }));
    expect(verdicts).toEqual(['better', 'worse', 'neither', 'neither']);
  });
});
