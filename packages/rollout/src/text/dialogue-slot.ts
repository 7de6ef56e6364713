import type { TokenSelector } from '@qfleet/agents';
import {
  createTextEnvironment,
  EnvironmentError,
  type TextDefinition,
  type TextEnvironment,
} from '@qfleet/envs';
import type { Random } from '@qfleet/random';
import type { ChunkEnd } from '@qfleet/replay';
import type { Spoken, Voices } from './voices.ts';

/** An utterance that is whole, and what came of it. */
export interface Exchange {
  readonly utterance: readonly number[];
  readonly reward: number;
  readonly answer: readonly number[];
  readonly end: ChunkEnd;
  /** The version of the weights that spoke. */
  readonly weightsVersion: number;
  /** Whether it was cut at its longest, so that no token ends it. */
  readonly isCut: boolean;
}

/** What a slot is made from. */
export interface DialogueSlotOptions {
  readonly definition: TextDefinition;
  readonly voices: Voices;
  readonly slot: number;
  /** Episodes that it has begun before. */
  readonly episodes: number;
  /** What its environment draws from. */
  readonly random: Random;
  readonly select: TokenSelector;
}

/** One copy of an environment that speaks, and the agent's side of its dialogue. */
export class DialogueSlot {
  readonly #options: DialogueSlotOptions;
  readonly #environment: TextEnvironment;
  readonly #mask: Uint8Array;
  /** The texts of the episode, of both speakers, as far as they may be read again. */
  #texts: (readonly number[])[] = [];
  #utterance: number[] = [];
  #spoken: Spoken | null = null;
  #episode: number;
  #turn = 0;

  constructor(options: DialogueSlotOptions) {
    const { definition, random, slot, episodes } = options;
    this.#options = options;
    this.#environment = createTextEnvironment(definition, random, slot, episodes);
    this.#mask = new Uint8Array(definition.tokenizer.size);
    this.#episode = episodes;
  }

  /** What it goes on in, by which its tokens are known; null: no utterance has begun. */
  get spoken(): Spoken | null {
    return this.#spoken;
  }

  /** Starts an episode, and its first utterance. @returns what the environment says first. */
  begin(start?: number): readonly number[] {
    this.#leave();
    this.#episode++;
    this.#turn = 0;
    const first = this.#encode(this.#environment.reset(start));
    this.#texts = [first];
    this.#listen();
    return first;
  }

  /** Takes a token of the agent. @returns what came of the utterance; null: it goes on. */
  take(token: number): Exchange | null {
    const { tokenizer, longestUtterance } = this.#options.definition;
    this.#utterance.push(token);
    const hasEnded = token === tokenizer.end;
    if (!hasEnded && this.#utterance.length < longestUtterance) return null;
    const utterance = this.#utterance;
    this.#turn++;
    const said = tokenizer.decode(hasEnded ? utterance.slice(0, -1) : utterance);
    const { text, reward, terminated, truncated } = this.#environment.step(said);
    const answer = this.#encode(text);
    const end: ChunkEnd = terminated ? 'terminated' : truncated ? 'truncated' : 'continues';
    const weightsVersion = this.#spoken!.voice.version;
    if (end === 'continues') this.#goOn(utterance, answer);
    else this.#leave();
    return { utterance, reward, answer, end, weightsVersion, isCut: !hasEnded };
  }

  /** Ends it, and its environment for good. */
  close(): void {
    this.#leave();
    this.#environment.close?.();
  }

  /** Begins the next utterance: in the same text where its voice and what is read stay, else anew. */
  #goOn(utterance: readonly number[], answer: readonly number[]): void {
    const { voices } = this.#options;
    const { voice, slot } = this.#spoken!;
    this.#texts.push(utterance);
    if (answer.length > 0) this.#texts.push(answer);
    if (this.#forget() > 0 || voices.newest() !== voice) {
      this.#leave();
      this.#listen();
      return;
    }
    this.#utterance = [];
    if (answer.length > 0) voice.generation.append(slot, answer);
  }

  /** Drops the texts that are read no more. @returns how many they were. */
  #forget(): number {
    const { context, history, longestUtterance } = this.#options.definition;
    let dropped = 0;
    const length = () => this.#texts.reduce((sum, text) => sum + text.length, 0);
    const isTooMuch = () =>
      this.#texts.length > (history ?? Number.POSITIVE_INFINITY) || length() + longestUtterance > context;
    while (this.#texts.length > 1 && isTooMuch()) {
      this.#texts.shift();
      dropped++;
    }
    return dropped;
  }

  #listen(): void {
    const { voices, select, definition } = this.#options;
    this.#utterance = [];
    this.#spoken = voices.join(this.#texts.flat(), {
      select,
      ...(definition.legal ? { legal: () => this.#legal() } : {}),
    });
  }

  /** Which tokens may come next. @throws EnvironmentError where there is none. */
  #legal(): Uint8Array {
    const { definition } = this.#options;
    const tokens = definition.legal!(this.#utterance);
    if (tokens.length === 0)
      throw new EnvironmentError(
        this.#place(),
        `no token is legal after ${this.#utterance.length} tokens of the utterance: have its legal admit one, such as the end.`,
      );
    this.#mask.fill(0);
    for (const token of tokens) this.#mask[token] = 1;
    return this.#mask;
  }

  #encode(text: string): number[] {
    return text === '' ? [] : this.#options.definition.tokenizer.encode(text);
  }

  #place() {
    const { definition, slot } = this.#options;
    return { environment: definition.id, slot, episode: this.#episode, step: this.#turn + 1 };
  }

  #leave(): void {
    if (this.#spoken !== null) this.#options.voices.leave(this.#spoken);
    this.#spoken = null;
  }
}
