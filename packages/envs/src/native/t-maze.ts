import type { Random } from '@qfleet/random';
import { box, discrete, type ObservationArray } from '@qfleet/spaces';
import { BROWN, GREEN, GREY } from '../drawing/colours.ts';
import type { Picture } from '../drawing/picture.ts';
import { tilesPicture } from '../drawing/tables.ts';
import type { Environment, EnvironmentDefinition, StepOutcome } from '../environment.ts';
import { takeState } from './state.ts';

/** Up, right, down, left. */
const [UP, RIGHT, DOWN, LEFT] = [0, 1, 2, 3];
const ACTIONS = 4;

/** Bakker's codes. */
const GOAL_ABOVE = [0, 1, 1];
const GOAL_BELOW = [1, 1, 0];
const CORRIDOR = [1, 0, 1];
const JUNCTION = [0, 1, 0];

/** The same time for every cell of the corridor: a random walk gets to the junction in a third of its episodes. */
const STEPS_A_CELL = 10;

/** What the tiles of its picture are. */
const tiles = {
  '#': { label: 'wall', colour: BROWN },
  J: { label: 'junction', colour: GREY },
  G: { label: 'goal', colour: GREEN },
};

class TMaze implements Environment {
  readonly #random: Random;
  readonly #length: number;
  /** Cells from the start; the junction is at `#length`. */
  #position = 0;
  #goal = UP;
  /** Whether the goal is shown: in the episode's first observation alone. */
  #isFirst = true;

  constructor(random: Random, length: number) {
    this.#random = random;
    this.#length = length;
  }

  reset(observation: ObservationArray): void {
    this.#position = 0;
    this.#goal = this.#random.integer(2) === 0 ? UP : DOWN;
    this.#isFirst = true;
    this.#observe(observation);
  }

  picture(): Picture {
    const open = `${'.'.repeat(this.#length)}J`;
    const side = (at: number) => '#'.repeat(this.#length) + (this.#goal === at ? 'G' : '.');
    return tilesPicture([side(UP), open, side(DOWN)], tiles, this.#length + 1 + this.#position);
  }

  step(action: number, observation: ObservationArray, outcome: StepOutcome): void {
    const isTurn = this.#position === this.#length && (action === UP || action === DOWN);
    outcome.reward = isTurn && action === this.#goal ? 1 : 0;
    outcome.terminated = isTurn;
    outcome.truncated = false;
    if (action === RIGHT) this.#position = Math.min(this.#position + 1, this.#length);
    if (action === LEFT) this.#position = Math.max(this.#position - 1, 0);
    this.#isFirst = false;
    this.#observe(observation);
  }

  setState(state: unknown, observation: ObservationArray): void {
    const [position, goal, isFirst] = takeState(state, 3);
    const isWhole =
      Number.isInteger(position) &&
      position >= 0 &&
      position <= this.#length &&
      (goal === UP || goal === DOWN) &&
      (isFirst === 0 || (isFirst === 1 && position === 0));
    if (!isWhole) {
      throw new RangeError(
        `A state is a position from 0 to ${this.#length}, the goal's side (${UP} above, ${DOWN} below), and 1 at an ` +
          `episode's beginning, else 0: not ${JSON.stringify(state)}.`,
      );
    }
    this.#position = position;
    this.#goal = goal;
    this.#isFirst = isFirst === 1;
    this.#observe(observation);
  }

  getState(): number[] {
    return [this.#position, this.#goal, this.#isFirst ? 1 : 0];
  }

  #observe(observation: ObservationArray): void {
    if (this.#isFirst) observation.set(this.#goal === UP ? GOAL_ABOVE : GOAL_BELOW);
    else observation.set(this.#position === this.#length ? JUNCTION : CORRIDOR);
  }
}

/**
 * The T-maze of Bakker, "Reinforcement learning with long short-term memory" (2002): the first observation shows on which
 * side of the corridor's far end the goal is, and no other one does. Who remembers nothing finds it in half of the
 * episodes. Rewards are 1 at the goal and 0 elsewhere. State: position, the goal's side, whether the episode begins.
 *
 * @param options `length`: steps from the start to the junction.
 */
export function tMaze(id: string, { length }: { length: number }): EnvironmentDefinition {
  return {
    id,
    native: true,
    observationSpace: box({ low: 0, high: 1, shape: [3] }),
    actionSpace: discrete(ACTIONS),
    maxEpisodeSteps: STEPS_A_CELL * length,
    solvedReturn: 0.95,
    summary: `Remember over ${length} steps which way to turn.`,
    create: (random) => new TMaze(random, length),
  };
}
