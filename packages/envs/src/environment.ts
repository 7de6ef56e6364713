import type { Random } from '@qfleet/random';
import type { Discrete, ObservationArray, Space } from '@qfleet/spaces';
import type { DrawingContext } from './drawing/canvas.ts';
import type { Frame } from './drawing/frame.ts';
import type { Picture } from './drawing/picture.ts';
import type { StepInfo } from './step-info.ts';
import type { VectorEnvironment } from './vector-environment.ts';

/** What one step gave, beside the observation. One object is reused for every step. */
export interface StepOutcome {
  reward: number;
  /** The episode reached a terminal state: the value after it is 0. */
  terminated: boolean;
  /** The episode was cut (a time limit): the value after it is bootstrapped. */
  truncated: boolean;
  /** What the step tells beside, set by an environment that does; the caller clears it. Absent or null: nothing. */
  info?: StepInfo | null;
}

/**
 * One copy of an environment, with Gymnasium's semantics. It writes into the caller's arrays, so that a step
 * allocates nothing. All its randomness comes from the stream it was created with.
 */
export interface Environment {
  /** Starts an episode and writes its first observation. */
  reset(observation: ObservationArray): void;
  /**
   * Takes `action` and writes the next observation and the outcome. Not called between an episode's end and
   * `reset`.
   */
  step(action: number, observation: ObservationArray, outcome: StepOutcome): void;
  /**
   * Writes which actions are allowed in the current state: 1 or 0 for each. An
   * environment has it where its definition is `masked`.
   */
  mask?(mask: Uint8Array): void;
  /**
   * Seeds the environment's own generator as the package that it equals does (`qfleet env trace`). A `reset` follows.
   */
  seed?(seed: number): void;
  /**
   * Begins an episode in a given internal state (`qfleet env trace`), and writes its observation.
   * @throws RangeError for what is no state of this environment.
   */
  setState?(state: unknown, observation: ObservationArray): void;
  /** The internal state, as JSON can hold it. */
  getState?(): unknown;
  /**
   * Begins an episode as `reset` does, with given random numbers in place of drawn ones, those of later steps included
   * (`qfleet env trace`).
   * @throws RangeError for draws that do not fit.
   */
  resetWith?(draws: unknown, observation: ObservationArray): void;
  /** The current state as shapes. Absent or undefined: it cannot be drawn. */
  picture?(): Picture | undefined;
  /**
   * The current state as pixels, of an environment that is drawn by a program of its own; after an episode's end its last state.
   * @throws ContractError where it can't be rendered: the episode may go on.
   */
  frame?(): Frame;
  close?(): void;
}

/** One thing that may follow an action in a tabular environment. */
export interface Transition {
  readonly probability: number;
  readonly next: number;
  readonly reward: number;
  readonly terminated: boolean;
}

/** What is known of an environment without making one, and how to make one. */
export interface EnvironmentDefinition {
  readonly id: string;
  /** Ours, and proven by tests: `createEnvironment` leaves out the checks of what each step gives. */
  readonly native?: boolean;
  /** A discrete one begins at 0. */
  readonly observationSpace: Space;
  /** Begins at 0. */
  readonly actionSpace: Discrete;
  /** What the environment's own program calls its actions. Absent: it does not say. */
  readonly actionNames?: readonly string[];
  /** Whether its copies tell which actions are allowed in each state (`Environment.mask`). */
  readonly masked?: boolean;
  /** Episodes are truncated after this many steps; `null`: never. Applied by `createEnvironment`. */
  readonly maxEpisodeSteps: number | null;
  /** The mean return at which the task counts as solved, where its authors name one. */
  readonly solvedReturn: number | null;
  /** A sentence for `qfleet envs`. */
  readonly summary: string;
  /** What a run's summary says of how the environment is played. Absent: nothing. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /**
   * A tabular environment's model: what may follow `action` in `state`, as Gymnasium's `P[state][action]`.
   */
  transitions?(state: number, action: number): readonly Transition[];
  create(random: Random): Environment;
  /**
   * Draws a state on a canvas, whose size it takes from `context.canvas`; used in place of pictures. What it draws on was
   * cleared.
   *
   * @param state what `getState` of a copy tells; of one that has none, the observation as an array of numbers.
   */
  draw?(context: DrawingContext, state: unknown): void;
  /**
   * Makes a batched kernel without rows, where the environment has one: bit for bit the same as its copies. Time limits and
   * the places of errors are `createVectorEnvironment`'s.
   */
  createVector?(): VectorEnvironment;
}
