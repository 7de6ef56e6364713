import type { Random } from '@qfleet/random';
import type { TokenOutputs } from '../inference/language/decoder.ts';
import { chooseToken, GREEDY, type Sampling } from './sampling.ts';

/**
 * Chooses a text's next token by what a decoder gives of its newest one.
 *
 * @param legal [vocabulary]: 1 for tokens that may be chosen, else 0; absent: all may.
 */
export type TokenSelector = (outputs: TokenOutputs, legal?: Uint8Array) => number;

/** Takes the likeliest token. */
export const greedyTokens: TokenSelector = ({ logits }, legal) => chooseToken(logits, GREEDY, 0, legal);

/** Draws tokens as the language model says. */
export function sampledTokens(sampling: Sampling, random: Random): TokenSelector {
  return ({ logits }, legal) => chooseToken(logits, sampling, uniformFor(sampling, random), legal);
}

/** How much values weigh beside the language model. */
export interface Steering {
  readonly beta: number;
  /** The heads over the vocabulary of which the least counts. */
  readonly q: readonly string[];
  readonly sampling: Sampling;
}

/**
 * Draws tokens by π·exp(β(Q − V)), of which a temperature takes the root and the likeliest are kept (Snell et al., "Offline RL for
 * natural language generation with implicit language Q learning", 2022, section 4.4). V is the same for all tokens, so that it
 * does not enter.
 */
export function steeredTokens({ beta, q, sampling }: Steering, random: Random): TokenSelector {
  let scores = new Float32Array(0);
  return ({ logits, values }, legal) => {
    if (scores.length !== logits.length) scores = new Float32Array(logits.length);
    const heads = q.map((name) => values[name]);
    for (let i = 0; i < scores.length; i++) {
      let least = Number.POSITIVE_INFINITY;
      for (const head of heads) least = Math.min(least, head[i]);
      scores[i] = logits[i] + beta * least;
    }
    return chooseToken(scores, sampling, uniformFor(sampling, random), legal);
  };
}

/** What a choice is made by: nothing is drawn where the likeliest is taken. */
const uniformFor = ({ temperature }: Sampling, random: Random): number =>
  temperature === 0 ? 0 : random.uniform();
