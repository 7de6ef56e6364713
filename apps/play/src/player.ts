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
  /** What the stage is at, where that takes time; null: nothing. */
  #turn: Promise<void> | null = null;

  constructor(stage: Stage, actions: StageActions, listener: PlayerListener) {
    this.stage = stage;
    this.actions = actions;
    this.#listener = listener;
    this.#loop = new Loop({
      get isOver() {
        return stage.isOver;
      },
      step: () => this.#next(),
      next: () => this.#turn ?? this.reset(this.seed, this.episode + 1),
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

  /** Begins an episode. @returns a promise where the stage takes its time. */
  reset(seed = this.seed, episode = 0): void | Promise<void> {
    return this.#inTurn(() => this.#begin(seed, episode));
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
  single(action?: number): void {
    this.pause();
    void this.#inTurn(() =>
      this.stage.isOver ? this.#begin(this.seed, this.episode + 1) : this.#step(action ?? this.stage.greedy),
    );
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
  #next(): boolean | Promise<boolean> {
    if (this.#turn !== null) return this.#turn.then(() => true);
    const action = this.#human ? this.#asked() : this.stage.greedy;
    if (action < 0) return false;
    const stepped = this.#inTurn(() => this.#step(action));
    return stepped instanceof Promise ? stepped.then(() => true) : true;
  }

  /** A person's next action; −1: they have to say. */
  #asked(): number {
    const { mask } = this.stage;
    const asked = [...this.#held, ...this.#pressed.splice(0).slice(0, 1)];
    return asked.findLast((action) => mask[action] === 1) ?? this.actions.idle;
  }

  #begin(seed: number, episode: number): void | Promise<void> {
    const begun = this.stage.reset(seed, episode);
    return begun instanceof Promise
      ? begun.then(() => this.#begun(seed, episode))
      : this.#begun(seed, episode);
  }

  #begun(seed: number, episode: number): void {
    this.seed = seed;
    this.episode = episode;
    this.steps = 0;
    this.sum = 0;
    this.taken = -1;
    this.#loop.clear();
    this.#touched = this.#human;
    this.#listener.onState(null);
  }

  #step(action: number): void | Promise<void> {
    if (this.#human) this.#touched = true;
    const step = this.stage.step(action);
    return step instanceof Promise
      ? step.then((taken) => this.#stepped(action, taken))
      : this.#stepped(action, step);
  }

  #stepped(action: number, step: PlayedStep): void {
    this.taken = action;
    this.steps++;
    this.sum += step.reward;
    this.#listener.onState(step);
    if (this.stage.isOver) this.#listener.onEpisode(this.sum, this.steps, this.#touched);
  }

  /** Lets the stage do one thing after the other: what takes time is waited for. */
  #inTurn(act: () => void | Promise<void>): void | Promise<void> {
    const done = this.#turn === null ? this.#attempt(act) : this.#turn.then(() => this.#attempt(act));
    if (!(done instanceof Promise)) return;
    const turn = done.finally(() => {
      if (this.#turn === turn) this.#turn = null;
    });
    this.#turn = turn;
    return turn;
  }

  #attempt(act: () => void | Promise<void>): void | Promise<void> {
    try {
      const done = act();
      return done instanceof Promise ? done.catch((error: unknown) => this.#fail(error)) : undefined;
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.pause();
    this.#listener.onProblem(error);
  }
}
