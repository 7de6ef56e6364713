import type { ChunkEnd, Layout } from '../chunk.ts';
import type { SealedChunk } from '../encoded.ts';
import { encodeTokenChunk } from './codec.ts';
import { fullTokens, SPEAKER } from './token-chunk.ts';

export interface DialogueBuilderOptions {
  readonly layout: Layout;
  readonly writer: string;
  readonly slot: number;
  /** Tokens of the agent after which a chunk is closed, with the answer to the last utterance; with long answers, earlier. */
  readonly chunkLength: number;
  /** Episodes that the slot has begun before. Default 0. */
  readonly episodes?: number;
  /** The writer's next sequence number: one counter for all its slots. */
  readonly sequence: () => number;
}

/**
 * Puts one slot's dialogues into chunks. A chunk ends with what the environment answers, so that it has the state after each
 * of its utterances; an utterance is never cut in two.
 *
 * @example
 * builder.begin(tokenizer.encode(environment.reset()));
 * const chunk = builder.push(utterance, reward, tokenizer.encode(answer), 'continues'); // null until a chunk is full
 */
export class DialogueBuilder {
  /** Written into the next chunk: the exploration rate and the version of the weights that speak. */
  epsilon = 0;
  weightsVersion = 0;
  readonly #options: DialogueBuilderOptions;
  #tokens: number[] = [];
  #speakers: number[] = [];
  #rewards: number[] = [];
  #episode: number;
  #offset = 0;
  #episodeReturn = 0;
  #open = false;

  constructor(options: DialogueBuilderOptions) {
    this.#options = options;
    this.#episode = (options.episodes ?? 0) - 1;
  }

  /** Episodes that the slot has begun. */
  get episodes(): number {
    return this.#episode + 1;
  }

  /** The return (undiscounted) of the current episode so far, and the agent's tokens of it. */
  get episodeReturn(): number {
    return this.#episodeReturn;
  }
  get episodeLength(): number {
    return this.#offset + this.#rewards.length;
  }

  /** The agent's tokens that no chunk was closed with yet. */
  get openSteps(): number {
    return this.#rewards.length;
  }

  /** Starts an episode with the environment's first text, which is not empty. */
  begin(text: ArrayLike<number>): void {
    this.#clear();
    this.#episode++;
    this.#offset = 0;
    this.#episodeReturn = 0;
    this.#open = true;
    this.#add(text, SPEAKER.environment);
  }

  /**
   * Adds an utterance, with the token that ends it, and what came of it.
   *
   * @param reward given at its last token.
   * @param answer may be empty.
   * @returns the chunk that this closed, else null.
   * @throws ChunkError when the closed chunk holds what must not be stored; it is dropped.
   */
  push(
    utterance: ArrayLike<number>,
    reward: number,
    answer: ArrayLike<number>,
    end: ChunkEnd,
  ): SealedChunk | null {
    if (!this.#open) throw new Error('push after an episode has ended: call begin first.');
    this.#add(utterance, SPEAKER.agent);
    for (let i = 1; i < utterance.length; i++) this.#rewards.push(0);
    this.#rewards.push(reward);
    this.#episodeReturn += reward;
    this.#add(answer, SPEAKER.environment);
    if (end !== 'continues') this.#open = false;
    return end !== 'continues' || this.#isFull ? this.#close(end) : null;
  }

  /** Closes the utterances that have not made a chunk yet (at a shutdown); null if there are none. */
  flush(): SealedChunk | null {
    return this.#rewards.length > 0 ? this.#close('continues') : null;
  }

  /** Truncates the episode after its last utterance. @returns the chunk that this closes; null where the last one closed one. */
  truncate(): SealedChunk | null {
    this.#open = false;
    return this.#rewards.length > 0 ? this.#close('truncated') : null;
  }

  get #isFull(): boolean {
    const { chunkLength, layout } = this.#options;
    return this.#rewards.length >= chunkLength || this.#tokens.length >= fullTokens(layout.tokens!);
  }

  #add(text: ArrayLike<number>, speaker: number): void {
    for (let i = 0; i < text.length; i++) {
      this.#tokens.push(text[i]);
      this.#speakers.push(i === 0 ? speaker + SPEAKER.environmentBegins : speaker);
    }
  }

  #clear(): void {
    this.#tokens = [];
    this.#speakers = [];
    this.#rewards = [];
  }

  #close(end: ChunkEnd): SealedChunk {
    const { layout, writer, slot, sequence } = this.#options;
    const rewards = Float32Array.from(this.#rewards);
    const offset = this.#offset;
    this.#offset += rewards.length;
    const [tokens, speakers] = [Int32Array.from(this.#tokens), Uint8Array.from(this.#speakers)];
    this.#clear();
    return encodeTokenChunk(
      {
        ...{ writer, slot, sequence: sequence(), episode: this.#episode, offset, end },
        ...{ episodeReturn: this.#episodeReturn, epsilon: this.epsilon, weightsVersion: this.weightsVersion },
        ...{ tokens, speakers, rewards },
      },
      layout,
    );
  }
}
