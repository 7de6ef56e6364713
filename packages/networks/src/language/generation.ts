import type { Random } from '@qfleet/random';
import type { DecoderKernel } from '../inference/language/decoder-kernel.ts';
import { chooseToken, type Sampling } from './sampling.ts';

/** How a text goes on. */
export interface GenerationOptions {
  readonly sampling: Sampling;
  /** What tokens are drawn from; needed where the temperature is above 0. */
  readonly random?: Random;
  /** Which tokens may follow, [vocabulary] of 1 and 0, asked for before each; absent: all may. */
  readonly legal?: () => Uint8Array;
}

/** A token that a text has gone on by. */
export interface GeneratedToken {
  readonly slot: number;
  readonly token: number;
}

interface Text {
  readonly options: GenerationOptions;
  /** Tokens that the decoder has not taken yet. */
  waiting: readonly number[];
  /** How many it has taken. */
  taken: number;
}

/**
 * Texts that go on side by side, one in each slot of a decoder. They join and leave between tokens; what comes of one does
 * not depend on the others.
 */
export class Generation {
  readonly #kernel: DecoderKernel;
  readonly #texts = new Map<number, Text>();

  constructor(kernel: DecoderKernel) {
    this.#kernel = kernel;
  }

  /**
   * Begins a text in a free slot.
   *
   * @param prompt its first tokens, one at least.
   * @returns the slot.
   * @throws RangeError where no slot is free, the prompt is empty, or it is longer than the context.
   */
  join(prompt: readonly number[], options: GenerationOptions): number {
    const { slots } = this.#kernel;
    const slot = Array.from({ length: slots }, (_, i) => i).find((each) => !this.#texts.has(each));
    if (slot === undefined) throw new RangeError(`All ${slots} slots are taken.`);
    this.#checkRoom(0, prompt);
    this.#texts.set(slot, { options, waiting: prompt, taken: 0 });
    return slot;
  }

  /**
   * Adds tokens to a text, as what a dialogue's other side says.
   *
   * @throws RangeError where it would be longer than the context.
   */
  append(slot: number, tokens: readonly number[]): void {
    const text = this.#texts.get(slot)!;
    const waiting = [...text.waiting, ...tokens];
    this.#checkRoom(text.taken, waiting);
    text.waiting = waiting;
  }

  /** Ends a text: its slot is free. */
  leave(slot: number): void {
    this.#texts.delete(slot);
    this.#kernel.clear(slot);
  }

  /**
   * A token for each text, in the order of slots.
   *
   * @throws RangeError where a text fills the context.
   */
  step(): GeneratedToken[] {
    const texts = [...this.#texts].sort(([a], [b]) => a - b);
    for (const [, { taken, waiting }] of texts) this.#checkRoom(taken, waiting);
    const count = texts.reduce((sum, [, { waiting }]) => sum + waiting.length, 0);
    const steps = {
      count,
      ...{ slots: new Int32Array(count), tokens: new Int32Array(count), positions: new Int32Array(count) },
      wanted: new Uint8Array(count),
    };
    const rows = new Map<number, number>();
    let row = 0;
    for (const [slot, text] of texts) {
      for (const token of text.waiting) {
        steps.slots[row] = slot;
        steps.tokens[row] = token;
        steps.positions[row++] = text.taken++;
      }
      steps.wanted[row - 1] = 1;
      rows.set(row - 1, slot);
    }
    const generated: GeneratedToken[] = [];
    this.#kernel.run(steps, (at, logits) => {
      const slot = rows.get(at)!;
      const text = this.#texts.get(slot)!;
      const { sampling, random, legal } = text.options;
      const uniform = sampling.temperature === 0 ? 0 : random!.uniform();
      const token = chooseToken(logits, sampling, uniform, legal?.());
      text.waiting = [token];
      generated.push({ slot, token });
    });
    return generated;
  }

  #checkRoom(taken: number, waiting: readonly number[]): void {
    const { context } = this.#kernel.shape;
    if (waiting.length === 0) throw new RangeError('A text has to begin with one token at least.');
    if (taken + waiting.length > context)
      throw new RangeError(
        `The text has ${taken + waiting.length} tokens, and the model's context is ${context}.`,
      );
  }
}
