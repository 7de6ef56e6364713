import type { ChunkEnd } from '../../chunk/chunk.ts';
import type { Batch } from '../batch.ts';

/**
 * A batch of dialogues, a chunk of texts a row, with what the agent had read before it. Rows are of one length, padded at their
 * ends; how many they are follows from that length, so that batches have about equal numbers of tokens.
 */
export interface DialogueBatch extends Batch {
  /** Tokens of a row. */
  readonly length: number;
  /** [size, length]; 0 where there is padding. */
  readonly tokens: Int32Array;
  /** [size, length]: 0 for padding, else 1. */
  readonly mask: Int32Array;
  /** [size, length]: the place of each token in what is read at once. */
  readonly positions: Int32Array;
  /** [size, length]: tokens see those of the same number alone. */
  readonly segments: Int32Array;
  /** [size, length]: who wrote each, as `SPEAKER` says. */
  readonly speakers: Uint8Array;
  /** [size, length]: 1 for the agent's tokens that are trained on: those of the chunk, of which what came before is there. */
  readonly trained: Uint8Array;
  /** [size, length]: of the tokens that are trained on, else 0. */
  readonly rewards: Float32Array;
  /** [size]: how each chunk ended. */
  readonly ends: readonly ChunkEnd[];
  /** [size]: the discounted rewards from the state after the chunk on, as far as they are there. */
  readonly tails: Float32Array;
  /** How many tokens are trained on. */
  readonly steps: number;
}

/** The memory of batches of dialogues, made once and refilled. */
export class DialogueRows implements DialogueBatch {
  size = 0;
  length = 0;
  steps = 0;
  handles: Int32Array = new Int32Array(0);
  weights: Float32Array = new Float32Array(0);
  tokens: Int32Array = new Int32Array(0);
  mask: Int32Array = new Int32Array(0);
  positions: Int32Array = new Int32Array(0);
  segments: Int32Array = new Int32Array(0);
  speakers: Uint8Array = new Uint8Array(0);
  trained: Uint8Array = new Uint8Array(0);
  rewards: Float32Array = new Float32Array(0);
  tails: Float32Array = new Float32Array(0);
  readonly ends: ChunkEnd[] = [];

  /** Makes all rows empty, so many of so many tokens. */
  begin(size: number, length: number): void {
    const cells = size * length;
    this.size = size;
    this.length = length;
    this.steps = 0;
    this.ends.length = size;
    this.handles = room(this.handles, size, (n) => new Int32Array(n));
    this.weights = room(this.weights, size, (n) => new Float32Array(n)).fill(1);
    this.tails = room(this.tails, size, (n) => new Float32Array(n));
    for (const name of ['tokens', 'mask', 'positions', 'segments'] as const)
      this[name] = room(this[name], cells, (n) => new Int32Array(n)).fill(0);
    for (const name of ['speakers', 'trained'] as const)
      this[name] = room(this[name], cells, (n) => new Uint8Array(n)).fill(0);
    this.rewards = room(this.rewards, cells, (n) => new Float32Array(n)).fill(0);
  }
}

type Column = Int32Array | Float32Array | Uint8Array;

/** A view of so many elements, on the memory of an earlier view where that is large enough. */
function room<A extends Column>(before: A, count: number, make: (count: number) => A): A {
  const whole = make(0).BYTES_PER_ELEMENT * count <= before.buffer.byteLength ? before : make(count);
  const view = whole.constructor as new (buffer: ArrayBufferLike, offset: number, length: number) => A;
  return new view(whole.buffer, 0, count);
}
