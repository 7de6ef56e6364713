import { taxiPicture } from '../drawing/tables.ts';
import type { EnvironmentDefinition, Transition } from '../environment.ts';
import { tabular } from './tabular.ts';

/** Between two squares of a row: ':' open, '|' a wall. */
const map = ['|R: | : :G|', '| : | : : |', '| : : : : |', '| | : | : |', '|Y| : |B: |'];

/** Red, green, yellow, blue: where a passenger waits or wants to go, as row × 5 + column. */
const stands = [0, 4, 20, 23];
const IN_TAXI = 4;

// South, north, east, west, pick up, drop off.
const [SOUTH, NORTH, EAST, , PICK_UP, DROP_OFF] = [0, 1, 2, 3, 4, 5];

const encode = (square: number, passenger: number, destination: number): number =>
  (square * 5 + passenger) * 4 + destination;

function drive(square: number, action: number): number {
  const row = Math.floor(square / 5);
  const column = square % 5;
  if (action === SOUTH) return row < 4 ? square + 5 : square;
  if (action === NORTH) return row > 0 ? square - 5 : square;
  if (action === EAST) return map[row][2 * column + 2] === ':' ? square + 1 : square;
  return map[row][2 * column] === ':' ? square - 1 : square;
}

function transition(state: number, action: number): Transition {
  const destination = state % 4;
  const passenger = Math.floor(state / 4) % 5;
  const square = Math.floor(state / 20);
  const to = (next: number, reward: number, terminated = false): Transition => ({
    probability: 1,
    next,
    reward,
    terminated,
  });
  if (action === PICK_UP) {
    const waitsHere = passenger !== IN_TAXI && stands[passenger] === square;
    return waitsHere ? to(encode(square, IN_TAXI, destination), -1) : to(state, -10);
  }
  if (action === DROP_OFF) {
    const stand = stands.indexOf(square);
    if (passenger !== IN_TAXI || stand < 0) return to(state, -10);
    const arrived = stand === destination;
    return to(encode(square, stand, destination), arrived ? 20 : -1, arrived);
  }
  return to(encode(drive(square, action), passenger, destination), -1);
}

/** Waiting somewhere else than where they want to go: 300 of the 500 states. */
const starts = Array.from({ length: 500 }, (_, state) => state).filter((state) => {
  const passenger = Math.floor(state / 4) % 5;
  return passenger !== IN_TAXI && passenger !== state % 4;
});

/**
 * The taxi of Dietterich, "Hierarchical Reinforcement Learning with the MAXQ Value Function Decomposition"
 * (2000), in dry weather, where Taxi-v3 and Taxi-v4 are the same. State: ((row × 5 + column) × 5 +
 * passenger) × 4 + destination.
 */
export function taxi(id: string): EnvironmentDefinition {
  return tabular(
    {
      id,
      maxEpisodeSteps: 200,
      solvedReturn: 8,
      summary: 'Fetch a passenger and drive them where they want to go.',
    },
    {
      states: 500,
      actions: 6,
      starts,
      picture(state) {
        const passenger = Math.floor(state / 4) % 5;
        return taxiPicture(map, {
          stands,
          taxi: Math.floor(state / 20),
          passenger: passenger === IN_TAXI ? null : passenger,
          destination: state % 4,
        });
      },
      transitions: (state, action) => [transition(state, action)],
    },
  );
}
