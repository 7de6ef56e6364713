import type { Policy } from '@qfleet/agents';
import type { EnvironmentDefinition, StepOutcome } from '@qfleet/envs';
import { Random } from '@qfleet/random';
import { SlotRows } from './slot-rows.ts';

export interface GreedyEpisodesOptions {
  readonly definition: EnvironmentDefinition;
  readonly policy: Policy;
  /** As of `RolloutOptions`. */
  readonly frameStack?: number;
  readonly episodes: number;
  readonly seed: number;
  /** Environments side by side; the returns do not depend on it. */
  readonly parallel?: number;
  /** Asked between steps; true: stop, and return the episodes that are done. */
  readonly cancelled?: () => boolean;
}

/** Undiscounted returns and lengths, in the order of the episodes' seeds. */
export interface GreedyEpisodes {
  readonly returns: number[];
  readonly lengths: number[];
}

/** Steps after which an episode is cut where the environment has no time limit: a greedy policy may walk for ever. */
const MOST_STEPS = 100_000;
/** Steps between two turns of the event loop. */
const STEPS_PER_TURN = 64;

/**
 * Plays episodes with the greedy policy (ε = 0). Each episode has its own copy of the environment, seeded by
 * its number, so that the same parameters and seed give the same returns.
 * @throws EnvironmentError
 */
export async function playGreedyEpisodes(options: GreedyEpisodesOptions): Promise<GreedyEpisodes> {
  const {
    definition,
    policy,
    frameStack = 1,
    episodes,
    seed,
    parallel = 32,
    cancelled = () => false,
  } = options;
  const slots = new SlotRows(definition, frameStack);
  const random = new Random(seed);
  const outcome: StepOutcome = { reward: 0, terminated: false, truncated: false };
  const returns = new Array<number>(episodes).fill(0);
  const lengths = new Array<number>(episodes).fill(0);
  const finished = new Set<number>();
  let next = 0;
  const fill = (): void => {
    while (next < episodes && slots.rows.length < parallel) {
      slots.add(next, new Random(Random.seed(seed, `episode ${next}`)));
      next++;
    }
  };
  try {
    fill();
    for (let steps = 1; slots.rows.length > 0 && !cancelled(); steps++) {
      policy.act(slots.states, slots.rows.length, slots.epsilons, random, slots.actions);
      const { rows, actions } = slots;
      const ended: number[] = [];
      for (let i = 0; i < rows.length; i++) {
        const row = rows[i];
        slots.step(row, actions[i], outcome);
        returns[row.slot] += outcome.reward;
        lengths[row.slot]++;
        const over = outcome.terminated || outcome.truncated || lengths[row.slot] >= MOST_STEPS;
        if (over) ended.push(i);
      }
      for (const i of ended.reverse()) {
        finished.add(rows[i].slot);
        slots.remove(i);
      }
      if (ended.length > 0) fill();
      if (steps % STEPS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    while (slots.rows.length > 0) slots.remove(slots.rows.length - 1);
  }
  const done = (_: number, episode: number): boolean => finished.has(episode);
  return { returns: returns.filter(done), lengths: lengths.filter(done) };
}
