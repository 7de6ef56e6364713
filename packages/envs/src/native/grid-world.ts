import { discrete, type ObservationArray } from '@qfleet/spaces';
import { BROWN, GREEN, GREY } from '../drawing/colours.ts';
import type { Picture } from '../drawing/picture.ts';
import { tilesPicture } from '../drawing/tables.ts';
import type { Environment, EnvironmentDefinition, StepOutcome } from '../environment.ts';
import { takeIndex } from './state.ts';

/** From the start S to the goal G; # is a wall. */
const map = ['S..#.', '.#...', '.###.', '...#.', '.#..G'];

const SIZE = map.length;
const cells = map.join('');
const START = cells.indexOf('S');
const GOAL = cells.indexOf('G');

const tiles = {
  S: { label: 'start', colour: GREY },
  '#': { label: 'wall', colour: BROWN },
  G: { label: 'goal', colour: GREEN },
};

/** Up, right, down, left: as (row, column). */
const moves = [
  [-1, 0],
  [0, 1],
  [1, 0],
  [0, -1],
] as const;

/** The cell that a move leads to; the same one where an edge or a wall is in the way. */
function neighbour(cell: number, action: number): number {
  const row = Math.floor(cell / SIZE) + moves[action][0];
  const column = (cell % SIZE) + moves[action][1];
  const isInside = row >= 0 && row < SIZE && column >= 0 && column < SIZE;
  return isInside && map[row][column] !== '#' ? row * SIZE + column : cell;
}

class GridWorld implements Environment {
  #cell = START;

  reset(observation: ObservationArray): void {
    this.#cell = START;
    observation[0] = START;
  }

  step(action: number, observation: ObservationArray, outcome: StepOutcome): void {
    this.#cell = neighbour(this.#cell, action);
    observation[0] = this.#cell;
    outcome.reward = -1;
    outcome.terminated = this.#cell === GOAL;
    outcome.truncated = false;
  }

  mask(mask: Uint8Array): void {
    for (let action = 0; action < moves.length; action++) {
      mask[action] = neighbour(this.#cell, action) === this.#cell ? 0 : 1;
    }
  }

  setState(state: unknown, observation: ObservationArray): void {
    const cell = takeIndex(state, cells.length);
    if (cells[cell] === '#') throw new RangeError(`A state is a cell without a wall, and ${cell} has one.`);
    this.#cell = cell;
    observation[0] = cell;
  }

  getState(): number[] {
    return [this.#cell];
  }

  picture(): Picture {
    return tilesPicture(map, tiles, this.#cell);
  }
}

/** A maze of 5 × 5 cells; a mask says where there is a way. State: row × 5 + column. */
export function gridWorld(id: string): EnvironmentDefinition {
  return {
    id,
    native: true,
    observationSpace: discrete(cells.length),
    actionSpace: discrete(moves.length),
    masked: true,
    maxEpisodeSteps: 100,
    solvedReturn: -8,
    summary: 'Walk through a maze to the goal; the shortest way returns −8.',
    create: () => new GridWorld(),
  };
}
