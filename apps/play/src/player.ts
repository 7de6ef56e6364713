import type { PlayedStep } from '@qfleet/browser';
import type { Playback } from './controls.ts';
import { Loop } from './loop.ts';
import type { Stage, StageActions } from './stage.ts';

/** Told of what happens while it is played. */
export interface PlayerListener {
  /** A state is to be shown; `step` is what led to it, null after a reset. */
  onState(step: PlayedStep | null): void;
  /** The player plays or pauses, or another one acts. */
  onMode(): void;
  onEpisode(sum: number, steps: number, human: boolean): void;
  /** The environment's own code failed: one sentence. */
  onProblem(error: unknown): void;
}

/** Plays a stage in time: the agent's actions, or those of whoever holds the keys. */
export class Player implements Playback {
  readonly stage: Stage;
  readonly actions: StageActions;
  seed = 1;
  episode = 0;
  steps = 0;
  sum = 0;
  /** The last action; −1: none yet. */
  taken = -1;
  readonly #listener: PlayerListener;
  readonly #loop: Loop;
  #human = false;
  /** Whether a person acted in this episode. */
  #touched = false;
  /** Actions whose keys are down, the last one on top. */
  readonly #held: number[] = [];
  /** Actions whose keys went down since the last step. */
  readonly #pressed: number[] = [];

  constructor(stage: Stage, actions: StageActions, listener: PlayerListener) {
    this.stage = stage;
    this.actions = actions;
    this.#listener = listener;
    this.#loop = new Loop({
      get isOver() {
        return stage.isOver;
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

  set speed(stepsASecond: number) {
    this.#loop.speed = stepsASecond;
  }

  get speed(): number {
    return this.#loop.speed;
  }

  /** Begins an episode. */
  reset(seed = this.seed, episode = 0): void {
    this.seed = seed;
    this.episode = episode;
    this.steps = 0;
    this.sum = 0;
    this.taken = -1;
    this.#loop.clear();
    this.#touched = this.#human;
    this.#attempt(() => {
      this.stage.reset(seed, episode);
      this.#listener.onState(null);
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
    if (!this.playing) {
      if (this.stage.isOver || this.stage.mask[action] === 1) this.single(action);
      return;
    }
    this.#pressed.push(action);
    if (this.actions.idle < 0) this.#loop.hurry();
  }

  release(action: number): void {
    const at = this.#held.indexOf(action);
    if (at >= 0) this.#held.splice(at, 1);
  }

  /** The next step in time. @returns false: the game waits for a person. */
  #next(): boolean {
    const action = this.#human ? this.#asked() : this.stage.greedy;
    if (action < 0) return false;
    this.#step(action);
    return true;
  }

  /** A person's next action; −1: they have to say. */
  #asked(): number {
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
      this.#listener.onEpisode(this.sum, this.steps, this.#touched);
    });
  }

  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.pause();
      this.#listener.onProblem(error);
    }
  }
}
