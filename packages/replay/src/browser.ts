/** What of this package runs without Node: how rewards count, and what chunks of texts hold. */
export type { ChunkEnd, Layout } from './chunk/chunk.ts';
export { tokenLayout } from './chunk/tokens/layout.ts';
export { rewardShaping } from './sampling/sample-unit.ts';
