import type { NamedTensors } from '@qfleet/tensor';
import type { Decoder } from '../inference/language/decoder.ts';
import { TokenQueue } from './token-queue.ts';
import type { TokenSelector } from './token-selector.ts';

/** How a text goes on. */
export interface GenerationOptions {
  readonly select: TokenSelector;
  /**
   * Which tokens may follow, [vocabulary] of 1 and 0, asked for before each; absent: all may. A token without an alternative is
   * taken without asking the decoder or `select`.
   */
  readonly legal?: () => Uint8Array;
}

/** A token that a text has gone on by. */
export interface GeneratedToken {
  readonly slot: number;
  readonly token: number;
}

interface Text {
  readonly options: GenerationOptions;
  /** All of its tokens, of which the first `length` are there. */
  readonly tokens: Int32Array;
  length: number;
  /** How many of them the decoder has taken. */
  taken: number;
}

/**
 * Texts that go on side by side, one in each slot of a decoder. They join and leave between tokens; what comes of one does
 * not depend on the others.
 */
export class Generation {
  readonly #decoder: Decoder;
  /** By slot. */
  readonly #texts: (Text | null)[];
  readonly #queue = new TokenQueue();

  constructor(decoder: Decoder) {
    this.#decoder = decoder;
    this.#texts = Array.from({ length: decoder.slots }, () => null);
  }

  /**
   * Begins a text in a free slot.
   *
   * @param prompt its first tokens, one at least.
   * @returns the slot.
   * @throws RangeError where no slot is free, the prompt is empty, or it is longer than the context.
   */
  join(prompt: ArrayLike<number>, options: GenerationOptions): number {
    const slot = this.#texts.indexOf(null);
    if (slot < 0) throw new RangeError(`All ${this.#texts.length} slots are taken.`);
    if (prompt.length === 0) throw new RangeError('A text has to begin with one token at least.');
    this.#checkRoom(prompt.length);
    // One more than the decoder takes: the last one is not read.
    const tokens = new Int32Array(this.#decoder.shape.context + 1);
    tokens.set(prompt);
    this.#texts[slot] = { options, tokens, length: prompt.length, taken: 0 };
    return slot;
  }

  /**
   * Adds tokens to a text, as what a dialogue's other side says.
   *
   * @throws RangeError where it would be longer than the context.
   */
  append(slot: number, tokens: ArrayLike<number>): void {
    const text = this.#textOf(slot);
    this.#checkRoom(text.length + tokens.length);
    text.tokens.set(tokens, text.length);
    text.length += tokens.length;
  }

  /** Ends a text: its slot is free. */
  leave(slot: number): void {
    this.#textOf(slot);
    this.#texts[slot] = null;
    this.#decoder.clear(slot);
  }

  /**
   * Goes on with other parameters: what was cached of all texts is made anew at the next step.
   *
   * @throws Error where a parameter is missing, unexpected or of another shape; all is then as before.
   */
  load(tensors: NamedTensors): void {
    this.#decoder.load(tensors);
    for (const text of this.#texts) if (text !== null) text.taken = 0;
  }

  /**
   * A token for each text, or for those in some slots, in the order of slots.
   *
   * @throws RangeError where a text fills the context, or none of its tokens is legal: no text has then gone on.
   */
  step(slots?: Iterable<number>): GeneratedToken[] {
    const chosen = this.#chosen(slots);
    const masks = chosen.map((slot) => {
      this.#checkRoom(this.#textOf(slot).length);
      return this.#textOf(slot).options.legal?.();
    });
    const tokens = chosen.map((slot, i) => onlyToken(masks[i], slot));
    this.#queue.clear();
    /** Which of `chosen` each wanted token of the queue belongs to. */
    const askedBy = new Map<number, number>();
    for (const [i, slot] of chosen.entries())
      if (tokens[i] === UNDECIDED) askedBy.set(this.#enqueue(slot), i);
    this.#decoder.run(this.#queue, (index, outputs) => {
      const i = askedBy.get(index)!;
      tokens[i] = this.#textOf(chosen[i]).options.select(outputs, masks[i]);
    });
    return chosen.map((slot, i) => {
      const text = this.#textOf(slot);
      text.tokens[text.length++] = tokens[i];
      return { slot, token: tokens[i] };
    });
  }

  /** The slots that go on, from the lowest on. */
  #chosen(slots: Iterable<number> | undefined): number[] {
    if (slots !== undefined) return [...slots].sort((a, b) => a - b);
    return [...this.#texts.keys()].filter((slot) => this.#texts[slot] !== null);
  }

  /** Has the decoder take what it has not of a text. @returns the index of the last token, whose outputs are wanted. */
  #enqueue(slot: number): number {
    const text = this.#textOf(slot);
    // The last one again, where a selector has failed before.
    const first = Math.min(text.taken, text.length - 1);
    for (let i = first; i < text.length; i++) this.#queue.add(slot, text.tokens[i], i, i === text.length - 1);
    text.taken = text.length;
    return this.#queue.count - 1;
  }

  #textOf(slot: number): Text {
    const text = this.#texts[slot];
    if (text == null) throw new RangeError(`There is no text in slot ${slot}.`);
    return text;
  }

  #checkRoom(length: number): void {
    const { context } = this.#decoder.shape;
    if (length > context)
      throw new RangeError(`The text has ${length} tokens, and the model's context is ${context}.`);
  }
}

/** What a token is before it is chosen. */
const UNDECIDED = -1;

/**
 * The one token that is legal; `UNDECIDED` where there are several.
 *
 * @throws RangeError where there is none.
 */
function onlyToken(legal: Uint8Array | undefined, slot: number): number {
  if (legal === undefined) return UNDECIDED;
  const first = legal.indexOf(1);
  if (first < 0)
    throw new RangeError(`No token may follow the text in slot ${slot}: its mask is 0 for all of them.`);
  return legal.indexOf(1, first + 1) < 0 ? first : UNDECIDED;
}
