import type { PlayedStep } from '@qfleet/browser';
import type { Stage, StageActions } from './stage.ts';

/** Told of what happens while it is played. */
export interface PlayerListener {
  /** A state is to be shown; `step` is what led to it, null after a reset. */
  onState(step: PlayedStep | null): void;
  /** The player plays or pauses, or another one acts. */
  onMode(): void;
  onEpisode(sum: number, steps: number, human: boolean): void;
  /** The environment's own code failed: one sentence. */
  onProblem(sentence: string): void;
}

/** How long an episode's last state is shown before the next begins, in milliseconds of play. */
const REST_MS = 900;
/** More steps than these in a frame would let the page stand still. */
const MOST_STEPS_A_FRAME = 200;

/** Plays a stage in time: the agent's actions, or those of whoever holds the keys. */
export class Player {
  readonly stage: Stage;
  readonly actions: StageActions;
  /** Steps a second. */
  speed = 15;
  seed = 1;
  episode = 0;
  steps = 0;
  sum = 0;
  /** The last action; −1: none yet. */
  taken = -1;
  readonly #listener: PlayerListener;
  #playing = false;
  #human = false;
  /** Whether a person acted in this episode. */
  #touched = false;
  /** Actions whose keys are down, the last one on top. */
  readonly #held: number[] = [];
  /** Actions whose keys went down since the last step. */
  readonly #pressed: number[] = [];
  /** Steps that are due, in parts. */
  #due = 0;
  #rested = 0;
  #last = 0;

  constructor(stage: Stage, actions: StageActions, listener: PlayerListener) {
    this.stage = stage;
    this.actions = actions;
    this.#listener = listener;
  }

  get playing(): boolean {
    return this.#playing;
  }

  get human(): boolean {
    return this.#human;
  }

  /** Begins an episode. */
  reset(seed = this.seed, episode = 0): void {
    this.seed = seed;
    this.episode = episode;
    this.steps = 0;
    this.sum = 0;
    this.taken = -1;
    this.#due = 0;
    this.#rested = 0;
    this.#touched = this.#human;
    this.#attempt(() => {
      this.stage.reset(seed, episode);
      this.#listener.onState(null);
    });
  }

  play(): void {
    if (this.#playing) return;
    this.#playing = true;
    this.#due = 0;
    this.#last = performance.now();
    requestAnimationFrame((now) => this.#frame(now));
    this.#listener.onMode();
  }

  pause(): void {
    this.#playing = false;
    this.#listener.onMode();
  }

  /** One step of the agent, or of a person who names an action; after an episode's end the next one begins. */
  single(action = this.stage.greedy): void {
    this.pause();
    if (this.stage.isOver) this.reset(this.seed, this.episode + 1);
    else this.#step(action);
  }

  /** Gives the actions to a person, or back to the agent. */
  takeOver(human: boolean): void {
    this.#human = human;
    this.#held.length = 0;
    this.#pressed.length = 0;
    this.#listener.onMode();
  }

  /** A key or button of an action goes down: it counts once at least, and then for as long as it is held. */
  press(action: number): void {
    if (!this.#human || this.#held.includes(action)) return;
    this.#held.push(action);
    if (!this.#playing) {
      if (this.stage.isOver || this.stage.mask[action] === 1) this.single(action);
      return;
    }
    this.#pressed.push(action);
    if (this.actions.idle < 0) this.#due = Math.max(this.#due, 1);
  }

  release(action: number): void {
    const at = this.#held.indexOf(action);
    if (at >= 0) this.#held.splice(at, 1);
  }

  #frame(now: number): void {
    if (!this.#playing) return;
    const elapsed = Math.min(250, now - this.#last);
    this.#last = now;
    if (this.stage.isOver) {
      this.#rested += elapsed;
      if (this.#rested >= REST_MS) this.reset(this.seed, this.episode + 1);
    } else {
      this.#due = Math.min(MOST_STEPS_A_FRAME, this.#due + (elapsed * this.speed) / 1000);
      while (this.#due >= 1 && this.#playing && !this.stage.isOver) {
        const action = this.#next();
        // The game waits for a person.
        if (action < 0) this.#due = 0;
        else {
          this.#due--;
          this.#step(action);
        }
      }
    }
    requestAnimationFrame((next) => this.#frame(next));
  }

  /** The next action; −1: a person has to say. */
  #next(): number {
    if (!this.#human) return this.stage.greedy;
    const { mask } = this.stage;
    const asked = [...this.#held, ...this.#pressed.splice(0).slice(0, 1)];
    return asked.findLast((action) => mask[action] === 1) ?? this.actions.idle;
  }

  #step(action: number): void {
    if (this.#human) this.#touched = true;
    this.#attempt(() => {
      const step = this.stage.step(action);
      this.taken = action;
      this.steps++;
      this.sum += step.reward;
      this.#listener.onState(step);
      if (!this.stage.isOver) return;
      this.#rested = 0;
      this.#listener.onEpisode(this.sum, this.steps, this.#touched);
    });
  }

  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#playing = false;
      this.#listener.onMode();
      this.#listener.onProblem((error as Error).message);
    }
  }
}
