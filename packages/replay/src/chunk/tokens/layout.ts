import type { TokenSpec } from '@qfleet/spaces';
import type { Layout } from '../chunk.ts';

/** The layout of texts: what a state is of, and an action. */
export const tokenLayout = (tokens: TokenSpec): Layout => ({
  ...{ shape: [0], dtype: 'uint8', frames: 1, actions: tokens.vocabulary },
  tokens,
});
