import type { TokenQConfig } from '@qfleet/config';
import type { TokenSelector } from '@qfleet/networks';
import { type Decoding, type TokenScores, tokenScores } from './speaking.ts';

/** What an agent makes of a token among those that might have come. */
interface Judgement {
  /** Q of it, by the lesser head; null: the agent has no values, or no other token was legal. */
  readonly q: number | null;
  /** V of the text before it: the head's, or else the largest Q that was legal. */
  readonly v: number | null;
  /** Q − V. */
  readonly advantage: number | null;
  /** The likeliest others by the agent's policy, with their Q. */
  readonly others: readonly { readonly token: number; readonly q: number | null }[];
}

/** A token of an utterance, and what the agent made of it. */
export interface JudgedToken extends Judgement {
  readonly token: number;
}

/** Advantages below this say nothing. */
const SMALL = 0.01;

/** Whether a token is better than the text before it was worth, by its advantage. */
export function verdictOf({ advantage }: Pick<JudgedToken, 'advantage'>): 'better' | 'worse' | 'neither' {
  if (advantage === null || Math.abs(advantage) < SMALL) return 'neither';
  return advantage > 0 ? 'better' : 'worse';
}

/** Tokens that are told of beside the one that was said. */
const OTHERS = 3;

/** A token without an alternative, which nobody is asked about. */
const NONE: Judgement = { q: null, v: null, advantage: null, others: [] };

/** What an agent makes of each token as it is said. */
export class TokenJudge {
  readonly #scores: (...given: Parameters<TokenSelector>) => TokenScores;
  #newest = NONE;

  constructor(config: TokenQConfig, decode: Decoding) {
    this.#scores = tokenScores(config, { decode });
  }

  /** Chooses as `select` does, and judges what it chooses. */
  judging(select: TokenSelector): TokenSelector {
    return (outputs, legal) => {
      const token = select(outputs, legal);
      this.#newest = this.#judge(outputs, legal, token);
      return token;
    };
  }

  /** The token that was said last, with what was made of it: asked once for each. */
  judged(token: number): JudgedToken {
    const judgement = this.#newest;
    this.#newest = NONE;
    return { token, ...judgement };
  }

  #judge(
    outputs: Parameters<TokenSelector>[0],
    legal: Parameters<TokenSelector>[1],
    token: number,
  ): Judgement {
    const { q1, q2 = q1, v: state } = outputs.values;
    const qOf = (each: number): number | null => (q1 === undefined ? null : Math.min(q1[each], q2![each]));
    const among = (mask: Uint8Array | undefined): number[] =>
      [...outputs.logits.keys()].filter((each) => mask === undefined || mask[each] !== 0);
    const largest = (): number | null =>
      q1 === undefined ? null : among(legal).reduce((most, each) => Math.max(most, qOf(each)!), -Infinity);
    const { scores, allowed } = this.#scores(outputs, legal);
    const others = among(allowed).filter((each) => each !== token);
    others.sort((a, b) => scores[b] - scores[a] || a - b);
    const q = qOf(token);
    const v = state === undefined ? largest() : state[0];
    return {
      ...{ q, v, advantage: q === null || v === null ? null : q - v },
      others: others.slice(0, OTHERS).map((each) => ({ token: each, q: qOf(each) })),
    };
  }
}
