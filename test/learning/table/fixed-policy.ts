import type { ActingRows, Policy } from '@qfleet/agents';
import type { RunConfig } from '@qfleet/config';
import { Random } from '@qfleet/random';
import { openTask, playGreedyEpisodes } from '@qfleet/rollout';
import { Memory } from '@qfleet/spaces';
import type { Judged } from './results.ts';

/** A policy without weights: always `action`, or any by chance where it is null. */
class FixedPolicy implements Policy {
  readonly #action: number | null;
  readonly #actions: number;
  readonly #random: Random;

  constructor(action: number | null, actions: number, random: Random) {
    this.#action = action;
    this.#actions = actions;
    this.#random = random;
  }

  load(): void {}

  memory(rows: number): Memory {
    return new Memory([], rows);
  }

  act({ count, actions }: ActingRows): void {
    for (let i = 0; i < count; i++) actions[i] = this.#action ?? this.#random.integer(this.#actions);
  }
}

/** Plays episodes of a configuration's environment by such a policy. */
export async function playFixed(
  { environment, agent, seed }: RunConfig,
  action: number | null,
  episodes: number,
): Promise<Judged> {
  const { definition, layout } = await openTask({ environment, agent });
  const policy = new FixedPolicy(action, layout.actions, new Random(Random.seed(seed, 'fixed policy')));
  const { returns, info } = await playGreedyEpisodes({
    ...{ definition, policy, episodes, frames: layout.frames },
    seed: Random.seed(seed, 'fixed policy episodes'),
  });
  return { updates: 0, returns, ...(info === undefined ? {} : { info }) };
}
