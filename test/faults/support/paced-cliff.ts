import { defineEnvironment, discrete } from '@qfleet/envs';

const ROWS = 4;
const COLUMNS = 12;
const START = 36;
const GOAL = 47;
/** A step takes time, as a simulator's does, and no CPU: a run lasts long enough for faults to fall into it. */
const STEP_MS = 0.25;
const moves = [-COLUMNS, 1, COLUMNS, -1, 0];
/** As it is, or as an earlier version of it was. */
const ACTIONS = Number(process.env['PACED_CLIFF_ACTIONS'] ?? 4);

const pause = new Int32Array(new SharedArrayBuffer(4));

function arrive(state: number, action: number): { state: number; reward: number } {
  const column = state % COLUMNS;
  if ((action === 1 && column === COLUMNS - 1) || (action === 3 && column === 0))
    return { state, reward: -1 };
  const next = state + moves[action];
  if (next < 0 || next >= ROWS * COLUMNS) return { state, reward: -1 };
  return next > START && next < GOAL ? { state: START, reward: -100 } : { state: next, reward: -1 };
}

/** CliffWalking (Sutton and Barto, 2018, example 6.6), slower. The best greedy policy returns −13. */
export default defineEnvironment({
  id: 'PacedCliff-v0',
  observationSpace: discrete(ROWS * COLUMNS),
  actionSpace: discrete(ACTIONS),
  maxEpisodeSteps: 200,
  create: () => {
    let state = START;
    return {
      reset: () => {
        state = START;
        return state;
      },
      step: (action) => {
        Atomics.wait(pause, 0, 0, STEP_MS);
        const { reward, ...next } = arrive(state, action);
        state = next.state;
        return { observation: state, reward, terminated: state === GOAL };
      },
    };
  },
});
