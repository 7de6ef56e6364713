import type { TokenQConfig } from '@qfleet/config';
import {
  type LanguageNetwork,
  languageNetwork,
  loadArchitecture,
  type TransformerShape,
} from '@qfleet/networks';
import type { StateSpec, TokenSpec } from '@qfleet/spaces';
import { headsOf } from './heads.ts';

/** The hidden layer of SwiGLU has two thirds of the usual four widths (Shazeer, "GLU variants", 2020), in multiples of this. */
const INNER_STEP = 8;

/** The tokens that states are made of. @throws Error where states are no texts. */
export function tokensOf({ tokens }: StateSpec): TokenSpec {
  if (tokens !== undefined) return tokens;
  throw new Error(
    'agent.kind is token-q, which takes environments that speak: name one of these, or another agent.',
  );
}

/** Shapes of given models by their directories: a run's own copy stays as it is. */
const given = new Map<string, TransformerShape>();

/** @throws ModelError where the directory holds no model that is known, or no decoder with a head. */
function givenShape(directory: string): TransformerShape {
  const known = given.get(directory);
  if (known !== undefined) return known;
  const { shape } = loadArchitecture(directory);
  if (!shape.causal || shape.head === null)
    throw new Error(
      `${directory} holds no decoder with a head for tokens, so it does not speak: name one for causal language modelling.`,
    );
  given.set(directory, shape);
  return shape;
}

/**
 * The decoder that a configuration makes for a task's tokens, or that is given.
 *
 * @throws Error where its sizes do not fit each other, or a given one does not fit the tokens; ModelError where it can't be read.
 */
export function decoderShape({ network }: TokenQConfig, spec: StateSpec): TransformerShape {
  const { vocabulary, context } = tokensOf(spec);
  if (network.kind === 'model') {
    const shape = givenShape(network.directory);
    if (shape.vocabulary === vocabulary && context <= shape.context) return shape;
    throw new Error(
      `The model of ${network.directory} has ${shape.vocabulary} tokens and reads ${shape.context} at once; the texts are of ` +
        `${vocabulary} tokens, ${context} at once.`,
    );
  }
  const { layers, width, heads } = network;
  const headSize = width / heads;
  if (!Number.isInteger(headSize) || headSize % 2 !== 0)
    throw new Error(
      `agent.network.width is ${width}; allowed: an even number of features for each of agent.network.heads, ${heads}.`,
    );
  return {
    ...{ causal: true, vocabulary, width, layers, heads, keyValueHeads: heads, headSize, context },
    inner: INNER_STEP * Math.ceil((8 * width) / 3 / INNER_STEP),
    positions: { kind: 'rotary', theta: 10_000, size: headSize, factor: 1 },
    ...{
      tokenTypes: 0,
      norm: { kind: 'rms', epsilon: 1e-5 },
      residual: 'pre',
      activation: 'silu',
      gated: true,
    },
    biases: { qkv: false, attention: false, mlp: false },
    scores: { scaled: true, byLayer: false },
    head: { tied: true, bias: false, transform: false },
  };
}

/** What a configuration's heads start as, and send back into the decoder. */
export const valueHeads = (config: TokenQConfig) => ({
  names: headsOf(config),
  start: config.network.valueStart,
  torsoGradient: config.network.valueGradient,
});

/** A decoder with the heads of the configured objective. */
export const tokenNetwork = (config: TokenQConfig, spec: StateSpec): LanguageNetwork =>
  languageNetwork(decoderShape(config, spec), valueHeads(config));
