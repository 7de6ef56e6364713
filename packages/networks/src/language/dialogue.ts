import type { Random } from '@qfleet/random';
import type { ChatTemplate, Message } from '../hub/chat-template.ts';
import type { HubModel } from '../hub/model.ts';
import type { TextTokenizer } from '../hub/tokenizer.ts';
import type { Decoder } from '../inference/language/decoder.ts';
import { Generation } from './generation.ts';
import type { Sampling } from './sampling.ts';
import { sampledTokens, type TokenSelector } from './token-selector.ts';

/** Tokens that are kept free for an answer, where the context is not smaller than four times that. */
const ANSWER_ROOM = 256;

/** What is left of a character whose bytes are not all there yet. */
const INCOMPLETE = /�+$/;

/** Where an answer of a model ends that was taught no dialogues. */
const LINE_END = '\n';

/** What happens while a model answers. */
export type DialogueEvent =
  | { readonly kind: 'text'; readonly text: string }
  /** The oldest turns were dropped, so that the dialogue fits the context. */
  | { readonly kind: 'dropped'; readonly turns: number }
  /** The answer was cut short, since the context is full. */
  | { readonly kind: 'full' };

/** A dialogue with a decoder, which remembers what was said as far as its context reaches. */
export class Dialogue {
  readonly #tokenizer: TextTokenizer;
  readonly #template: ChatTemplate | null;
  readonly #ends: readonly number[];
  readonly #context: number;
  readonly #select: TokenSelector;
  readonly #generation: Generation;
  readonly #messages: Message[] = [];
  /** The text that the decoder has taken, or will with what comes next; null: none. */
  #text: { readonly slot: number; readonly tokens: number[] } | null = null;

  /**
   * @param model one with a tokenizer.
   * @param decoder what computes it, of which the dialogue takes a slot.
   */
  constructor(model: HubModel, decoder: Decoder, sampling: Sampling, random: Random) {
    this.#tokenizer = model.tokenizer!;
    this.#template = model.template;
    this.#ends = model.ends;
    this.#context = model.shape.context;
    this.#select = sampledTokens(sampling, random);
    this.#generation = new Generation(decoder);
  }

  /**
   * Answers, token after token.
   *
   * @throws RangeError where what is said does not fit the context by itself: it is then as if it had not been said.
   */
  *answer(content: string): Generator<DialogueEvent> {
    this.#messages.push({ role: 'user', content });
    const { prompt, dropped } = this.#fit();
    if (dropped > 0) yield { kind: 'dropped', turns: dropped };
    const text = this.#take(prompt);
    const answer: number[] = [];
    let said = '';
    for (;;) {
      if (text.tokens.length > this.#context) {
        yield { kind: 'full' };
        break;
      }
      const [{ token }] = this.#generation.step();
      text.tokens.push(token);
      if (this.#ends.includes(token)) break;
      answer.push(token);
      const { visible, ended } = this.#visible(answer);
      if (visible.length > said.length) yield { kind: 'text', text: visible.slice(said.length) };
      said = visible;
      if (ended) break;
    }
    this.#messages.push({ role: 'assistant', content: said });
  }

  /** What of an answer is shown, and whether it ends there. */
  #visible(answer: readonly number[]): { visible: string; ended: boolean } {
    const decoded = this.#tokenizer.decode(answer).replace(INCOMPLETE, '');
    if (this.#template !== null) return { visible: decoded, ended: false };
    const [line, ...rest] = decoded.trimStart().split(LINE_END);
    return { visible: line, ended: rest.length > 0 };
  }

  /** The prompt of the dialogue, after the oldest turns have been dropped that leave no room for an answer. */
  #fit(): { prompt: number[]; dropped: number } {
    const room = Math.min(ANSWER_ROOM, Math.floor(this.#context / 4));
    let dropped = 0;
    for (;;) {
      const prompt = this.#prompt();
      if (prompt.length + room <= this.#context) return { prompt, dropped };
      if (this.#messages.length === 1) {
        if (prompt.length <= this.#context) return { prompt, dropped };
        this.#messages.pop();
        throw new RangeError(
          `What you said takes ${prompt.length} tokens, and the model's context is ${this.#context}: say less.`,
        );
      }
      // A question and its answer.
      this.#messages.splice(0, 2);
      dropped++;
    }
  }

  #prompt(): number[] {
    if (this.#template !== null) return this.#tokenizer.encode(this.#template.render(this.#messages), false);
    const names = { system: 'System', user: 'User', assistant: 'Assistant' };
    const lines = this.#messages.map(({ role, content }) => `${names[role]}: ${content}${LINE_END}`);
    return this.#tokenizer.encode(`${lines.join('')}Assistant:`);
  }

  /** Goes on with the decoder's text where the prompt begins with it, else anew. */
  #take(prompt: number[]): { tokens: number[] } {
    const before = this.#text;
    if (before !== null) {
      const { slot, tokens } = before;
      const more = prompt.slice(tokens.length);
      if (more.length > 0 && tokens.every((token, i) => token === prompt[i])) {
        this.#generation.append(slot, more);
        this.#text = { slot, tokens: [...prompt] };
        return this.#text;
      }
      this.#generation.leave(slot);
    }
    const slot = this.#generation.join(prompt, { select: this.#select });
    this.#text = { slot, tokens: [...prompt] };
    return this.#text;
  }
}
