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

/** Tokens of prompts that a step takes at least, however many texts go on beside them. */
const FEWEST_OF_PROMPTS = 16;

/** The shortest part of a prompt that is taken by itself. */
const SHORTEST_PART = 8;

interface Text {
  readonly slot: number;
  readonly options: GenerationOptions;
  /** All of its tokens, of which the first `length` are there. */
  readonly tokens: Int32Array;
  length: number;
  /** How many of them the decoder has taken. */
  taken: number;
}

/**
 * Texts that go on side by side, one in each slot of a decoder. They join and leave between tokens; what comes of one does
 * not depend on the others. A long prompt is taken in parts, between which the others go on.
 */
export class Generation {
  readonly #decoder: Decoder;
  /** By slot. */
  readonly #texts: (Text | null)[];
  /** Those that more than the newest token is to be taken of, in the order in which that came to be. */
  readonly #waiting = new Set<Text>();
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
    this.#texts[slot] = { slot, options, tokens, length: prompt.length, taken: 0 };
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
    this.#waiting.delete(this.#textOf(slot));
    this.#texts[slot] = null;
    this.#decoder.clear(slot);
  }

  /**
   * Goes on with other parameters: what was cached of all texts is made anew at the next steps.
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
   * A call takes about as many tokens as the decoder computes together. Of a prompt that is longer, or of one beside other
   * prompts, it takes a part: its text has no token until the last part is taken. One text at least goes on.
   *
   * @throws RangeError where a text fills the context, or none of its tokens is legal: no text has then gone on.
   */
  step(slots?: Iterable<number>): GeneratedToken[] {
    const chosen = this.#chosen(slots);
    const masks = new Map<Text, Uint8Array | undefined>();
    for (const text of chosen) {
      this.#checkRoom(text.length);
      masks.set(text, text.options.legal?.());
    }
    const tokens = new Map<Text, number>();
    for (const [text, mask] of masks) {
      const only = onlyToken(mask, text.slot);
      if (only !== null) tokens.set(text, only);
    }
    const undecided = chosen.filter((text) => !tokens.has(text));
    do {
      const asking = this.#enqueue(undecided);
      this.#decoder.run(this.#queue, (index, outputs) => {
        const text = asking.get(index)!;
        tokens.set(text, text.options.select(outputs, masks.get(text)));
      });
      for (let i = 0; i < this.#queue.count; i++)
        this.#textOf(this.#queue.slots[i]).taken = this.#queue.positions[i] + 1;
    } while (tokens.size === 0 && undecided.length > 0);
    return [...tokens]
      .map(([text, token]) => {
        text.tokens[text.length++] = token;
        return { slot: text.slot, token };
      })
      .sort((a, b) => a.slot - b.slot);
  }

  /** The texts that go on, from the lowest slot on. */
  #chosen(slots: Iterable<number> | undefined): Text[] {
    if (slots === undefined) return this.#texts.filter((text) => text !== null);
    return [...slots].sort((a, b) => a - b).map((slot) => this.#textOf(slot));
  }

  /**
   * Queues what the decoder has not taken of some texts: the newest token of those that lack no other, then parts of prompts.
   * Prompts share what is left of a call, so that a short one does not wait for a long one.
   *
   * @returns by the place of a text's last token in the queue, the text: its outputs are wanted.
   */
  #enqueue(texts: readonly Text[]): ReadonlyMap<number, Text> {
    const asking = new Map<number, Text>();
    const add = (text: Text, count: number) => {
      const end = Math.min(text.length, text.taken + count);
      for (let i = text.taken; i < end; i++)
        this.#queue.add(text.slot, text.tokens[i], i, i === text.length - 1);
      if (end < text.length) return;
      asking.set(this.#queue.count - 1, text);
      this.#waiting.delete(text);
    };
    this.#queue.clear();
    for (const text of texts) {
      if (text.length - text.taken > 1) this.#waiting.add(text);
      else add(text, 1);
    }
    const prompts = [...this.#waiting].filter((text) => texts.includes(text));
    const most = Math.max(this.#decoder.together, this.#queue.count + FEWEST_OF_PROMPTS);
    for (const [i, text] of prompts.entries()) {
      const room = most - this.#queue.count;
      if (room === 0) break;
      const share = Math.ceil(room / (prompts.length - i));
      add(text, Math.min(room, Math.max(SHORTEST_PART, share)));
    }
    return asking;
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

/**
 * The one token that is legal; null where there are several.
 *
 * @throws RangeError where there is none.
 */
function onlyToken(legal: Uint8Array | undefined, slot: number): number | null {
  if (legal === undefined) return null;
  const first = legal.indexOf(1);
  if (first < 0)
    throw new RangeError(`No token may follow the text in slot ${slot}: its mask is 0 for all of them.`);
  return legal.indexOf(1, first + 1) < 0 ? first : null;
}
