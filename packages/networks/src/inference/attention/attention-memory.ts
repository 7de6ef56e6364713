import { ModelError } from '../../language/model-error.ts';
import { attentionWasm } from './attention-wasm.ts';

/** Tokens of a block. */
export const BLOCK_TOKENS = 64;

const PAGE_BYTES = 65_536;

/** What a WebAssembly memory can have at most. */
const MOST_PAGES = 65_535;

const attention = new WebAssembly.Module(attentionWasm);

/** The functions of attention.wat. */
type Attend = (...numbers: number[]) => void;

/** Heads as they lie in memory. */
export interface Heads {
  readonly heads: number;
  /** Each serves `heads / keyValueHeads` heads of queries. */
  readonly keyValueHeads: number;
  readonly headSize: number;
}

/**
 * A memory of keys and values in blocks of tokens, which grows, with the kernel that attends to them. A head's numbers are
 * padded with zeros to whole SIMD vectors.
 */
export class AttentionMemory {
  readonly #heads: Heads;
  /** Numbers of a head with its padding. */
  readonly #size: number;
  /** Numbers of a token's keys in memory. */
  readonly #stride: number;
  readonly #room: number;
  readonly #memory: WebAssembly.Memory;
  readonly #scores: Attend;
  readonly #mix: Attend;
  /** The whole of it, as long as it has not grown. */
  #numbers: Float32Array;
  #free: number[] = [];
  #end: number;

  /** @param context the most tokens that are attended to. */
  constructor(heads: Heads, context: number) {
    const vectors = (count: number) => Math.ceil(count / 4) * 4;
    this.#heads = heads;
    this.#size = vectors(heads.headSize);
    this.#stride = heads.keyValueHeads * this.#size;
    this.#room = vectors(context);
    // Queries, what they make, and scores come before the blocks.
    this.#end = heads.heads * (2 * this.#size + this.#room);
    this.#memory = new WebAssembly.Memory({ initial: Math.ceil((this.#end * 4) / PAGE_BYTES) });
    this.#numbers = new Float32Array(this.#memory.buffer);
    const { exports } = new WebAssembly.Instance(attention, { memory: { memory: this.#memory } });
    ({ scores: this.#scores, mix: this.#mix } = exports as { scores: Attend; mix: Attend });
  }

  /**
   * Room for the keys or the values of `BLOCK_TOKENS` tokens, as an address in numbers.
   *
   * @throws ModelError where the memory can't grow.
   */
  take(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const start = this.#end;
    const end = start + BLOCK_TOKENS * this.#stride;
    const missing = Math.ceil((end * 4 - this.#memory.buffer.byteLength) / PAGE_BYTES);
    if (missing > 0) this.#grow(missing);
    this.#end = end;
    return start;
  }

  /** Frees blocks. */
  give(blocks: readonly number[]): void {
    this.#free.push(...blocks);
  }

  /** Writes the keys or values of a block's token, [keyValueHeads × headSize]. */
  write(block: number, token: number, heads: Float32Array): void {
    this.#writeHeads(block + token * this.#stride, heads);
  }

  /**
   * Attends to the first tokens of some blocks.
   *
   * @param queries [heads × headSize].
   * @param keys a block for each `BLOCK_TOKENS` tokens, and so `values`.
   * @param scale what scores are multiplied by.
   * @param mixed where [heads × headSize] is written.
   */
  attend(
    queries: Float32Array,
    keys: readonly number[],
    values: readonly number[],
    tokens: number,
    scale: number,
    mixed: Float32Array,
  ): void {
    const { heads, keyValueHeads, headSize } = this.#heads;
    const [mixedAt, scoresAt] = [heads * this.#size, 2 * heads * this.#size];
    const sizes = (first: number) => [
      ...[heads, heads / keyValueHeads, this.#size * 4, Math.min(BLOCK_TOKENS, tokens - first)],
      ...[this.#stride * 4, this.#room * 4],
    ];
    this.#writeHeads(0, queries);
    for (let first = 0; first < tokens; first += BLOCK_TOKENS) {
      const block = keys[first / BLOCK_TOKENS];
      this.#scores(0, block * 4, (scoresAt + first) * 4, ...sizes(first));
    }
    for (let head = 0; head < heads; head++) {
      const start = scoresAt + head * this.#room;
      softmax(this.#numbers.subarray(start, start + tokens), scale);
    }
    this.#numbers.fill(0, mixedAt, scoresAt);
    for (let first = 0; first < tokens; first += BLOCK_TOKENS) {
      const block = values[first / BLOCK_TOKENS];
      this.#mix((scoresAt + first) * 4, block * 4, mixedAt * 4, ...sizes(first));
    }
    for (let head = 0; head < heads; head++) {
      const start = mixedAt + head * this.#size;
      mixed.set(this.#numbers.subarray(start, start + headSize), head * headSize);
    }
  }

  /** Writes heads side by side at an address in numbers, whose padding stays zero. */
  #writeHeads(at: number, heads: Float32Array): void {
    const { headSize } = this.#heads;
    if (headSize === this.#size) {
      this.#numbers.set(heads, at);
      return;
    }
    for (let head = 0; head < heads.length / headSize; head++)
      this.#numbers.set(heads.subarray(head * headSize, (head + 1) * headSize), at + head * this.#size);
  }

  #grow(pages: number): void {
    // Doubled, since each growth may move it.
    const most = MOST_PAGES - this.#memory.buffer.byteLength / PAGE_BYTES;
    const wanted = Math.min(most, Math.max(pages, this.#memory.buffer.byteLength / PAGE_BYTES));
    if (pages > most)
      throw new ModelError(
        'The texts side by side have more keys and values than the 4 GiB that there is room for: take fewer texts or shorter ones.',
      );
    this.#memory.grow(wanted);
    this.#numbers = new Float32Array(this.#memory.buffer);
  }
}

/** Replaces scores by softmax(scale·scores), where `scale` is above 0. */
function softmax(scores: Float32Array, scale: number): void {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < scores.length; i++) if (scores[i] > most) most = scores[i];
  let total = 0;
  for (let i = 0; i < scores.length; i++) {
    scores[i] = Math.exp((scores[i] - most) * scale);
    total += scores[i];
  }
  for (let i = 0; i < scores.length; i++) scores[i] /= total;
}
