import type { TokenQConfig } from '@qfleet/config';
import {
  chooseToken,
  DecoderKernel,
  Generation,
  GREEDY,
  type TokenOutputs,
  type TokenSelector,
  tokenValueHeads,
} from '@qfleet/networks';
import type { Random } from '@qfleet/random';
import type { StateSpec } from '@qfleet/spaces';
import type { NamedTensors } from '@qfleet/tensor';
import { divergence } from './divergence.ts';
import { decoderShape, valueHeads } from './network.ts';

/** How tokens are chosen: drawn by π·exp(β(Q − V)), or the likeliest of that. */
export type Decoding = TokenQConfig['decode'];

/** Has an agent's decoder go on with so many texts at once. */
export function createGeneration(
  config: TokenQConfig,
  spec: StateSpec,
  tensors: NamedTensors,
  slots: number,
): Generation {
  const shape = decoderShape(config, spec);
  const { width, vocabulary } = shape;
  const { heads } = tokenValueHeads({ ...valueHeads(config), width, vocabulary });
  return new Generation(new DecoderKernel(shape, tensors, slots, heads));
}

/** What a selector is made from, beside the configuration. */
export interface SelectorOptions {
  readonly decode: Decoding;
  readonly random: Random;
  /** The chance of a token that is drawn evenly among those that may be chosen. Absent: 0. */
  readonly epsilon?: () => number;
  /** The weight of values in place of `agent.beta`; 0: the language model alone. */
  readonly beta?: number;
  /** Told, of each choice among several tokens, how far it was from the language model's: KL in nats. */
  readonly onDivergence?: (nats: number) => void;
}

/**
 * Chooses tokens by π·exp(β(Q − V)), in which V is the same for all: drawn, or the likeliest. A greedy DQN goes by Q alone. Among the
 * legal ones only the `among` likeliest of the language model are chosen from.
 */
export function tokenSelector(config: TokenQConfig, options: SelectorOptions): TokenSelector {
  const { decode, random, epsilon = () => 0, onDivergence } = options;
  const sampling = decode === 'greedy' ? GREEDY : { temperature: 1 };
  const score = tokenScores(config, options);
  return (outputs, legal) => {
    const { scores, allowed } = score(outputs, legal);
    const rate = epsilon();
    if (rate > 0 && random.uniform() < rate) return drawEvenly(scores.length, allowed, random);
    const token = chooseToken(scores, sampling, decode === 'greedy' ? 0 : random.uniform(), allowed);
    const { logits } = outputs;
    onDivergence?.(
      divergence({ logits, scores: decode === 'greedy' ? null : scores, token, legal, allowed }),
    );
    return token;
  };
}

/** What tokens are chosen by. */
export interface TokenScores {
  /** ln π + βQ but for what is the same for all, [vocabulary]; overwritten by the next token's. */
  readonly scores: Float32Array;
  /** [vocabulary]: 1 for tokens that may be chosen, else 0; absent: all may. */
  readonly allowed: Uint8Array | undefined;
}

/** How `tokenSelector` scores the tokens that may come next. */
export function tokenScores(
  { objective, among, beta: ofConfig }: TokenQConfig,
  { decode, beta = ofConfig }: Pick<SelectorOptions, 'decode' | 'beta'>,
): (...given: Parameters<TokenSelector>) => TokenScores {
  const valuesAlone = objective.kind === 'dqn' && decode === 'greedy' && beta > 0;
  let scores = new Float32Array(0);
  return (outputs, legal) => {
    const allowed = among === null ? legal : likeliest(outputs.logits, among, legal);
    if (scores.length !== outputs.logits.length) scores = new Float32Array(outputs.logits.length);
    writeScores(outputs, valuesAlone ? Number.POSITIVE_INFINITY : beta, scores);
    return { scores, allowed };
  };
}

/** Writes ln π + βQ, with the lesser of two heads; of an infinite β, Q alone. */
function writeScores({ logits, values }: TokenOutputs, beta: number, scores: Float32Array): void {
  const { q1, q2 = q1 } = values;
  if (q1 === undefined || beta === 0) {
    scores.set(logits);
    return;
  }
  const [byLanguage, byValue] = beta === Number.POSITIVE_INFINITY ? [0, 1] : [1, beta];
  for (let i = 0; i < scores.length; i++)
    scores[i] = byLanguage * logits[i] + byValue * Math.min(q1[i], q2![i]);
}

/** The mask of the `most` likeliest tokens among the legal ones; of equal ones, the lowest. */
function likeliest(logits: Float32Array, most: number, legal: Uint8Array | undefined): Uint8Array {
  const order = [...logits.keys()].filter((token) => legal === undefined || legal[token] !== 0);
  order.sort((a, b) => logits[b] - logits[a] || a - b);
  const mask = new Uint8Array(logits.length);
  for (const token of order.slice(0, most)) mask[token] = 1;
  return mask;
}

/** One of the tokens that may be chosen, each as likely as another. */
function drawEvenly(vocabulary: number, allowed: Uint8Array | undefined, random: Random): number {
  if (allowed === undefined) return random.integer(vocabulary);
  const tokens = [...allowed.keys()].filter((token) => allowed[token] !== 0);
  return tokens[random.integer(tokens.length)];
}
