import type { DialoguePlay } from '@qfleet/browser';
import type { Playback } from './controls.ts';
import { Loop } from './loop.ts';

/** Told of what happens while a dialogue is played. */
export interface DialogueListener {
  /** More is said, or an episode has begun. */
  onSaid(): void;
  /** It plays or pauses, or another one speaks. */
  onMode(): void;
  onEpisode(): void;
  /** The environment's own code failed: one sentence. */
  onProblem(error: unknown): void;
}

/** Plays a dialogue in time: the agent's tokens, or the utterances of a person who has taken over. */
export class DialoguePlayer implements Playback {
  readonly dialogue: DialoguePlay;
  seed = 1;
  episode = 0;
  readonly #listener: DialogueListener;
  readonly #loop: Loop;
  #human = false;

  constructor(dialogue: DialoguePlay, listener: DialogueListener) {
    this.dialogue = dialogue;
    this.#listener = listener;
    this.#loop = new Loop({
      get isOver() {
        return dialogue.isOver;
      },
      step: () => this.#next(),
      next: () => this.reset(this.seed, this.episode + 1),
    });
  }

  get playing(): boolean {
    return this.#loop.running;
  }

  get human(): boolean {
    return this.#human;
  }

  /** Tokens a second. */
  get speed(): number {
    return this.#loop.speed;
  }

  set speed(tokensASecond: number) {
    this.#loop.speed = tokensASecond;
  }

  /** Begins an episode. */
  reset(seed = this.seed, episode = 0): void {
    this.seed = seed;
    this.episode = episode;
    this.#loop.clear();
    this.#attempt(() => {
      this.dialogue.reset(seed, episode);
      this.#listener.onSaid();
    });
  }

  play(): void {
    this.#loop.start();
    this.#listener.onMode();
  }

  pause(): void {
    this.#loop.stop();
    this.#listener.onMode();
  }

  /** One token of the agent; after an episode's end the next one begins. */
  single(): void {
    this.pause();
    if (this.dialogue.isOver) this.reset(this.seed, this.episode + 1);
    else this.#token();
  }

  /** The agent's utterance to its end; after an episode's end the next one begins. */
  utterance(): void {
    this.single();
    while (!this.dialogue.isBetween) this.#token();
  }

  /** Gives the utterances to a person, or back to the agent. */
  takeOver(human: boolean): void {
    this.#human = human;
    this.#listener.onMode();
  }

  /**
   * Says a person's utterance, or the rest of one that the agent has begun.
   *
   * @throws RangeError, in one sentence, for what can't be said.
   */
  say(text: string): void {
    if (this.dialogue.isOver) throw new RangeError('The episode is over: begin another with Token or Reset.');
    this.#attempt(() => {
      this.dialogue.say(text);
      this.#said();
    });
  }

  /** The next token in time. @returns false: it waits for a person. */
  #next(): boolean {
    if (!this.#human) this.#token();
    return !this.#human;
  }

  #token(): void {
    this.#attempt(() => {
      this.dialogue.step();
      this.#said();
    });
  }

  #said(): void {
    this.#listener.onSaid();
    if (this.dialogue.isOver) this.#listener.onEpisode();
  }

  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      // What a person may not say is told where they say it.
      if (error instanceof RangeError) throw error;
      this.pause();
      this.#listener.onProblem(error);
    }
  }
}
