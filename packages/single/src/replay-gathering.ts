import { createAgent, epsilonOf } from '@qfleet/agents';
import type { ReplayRunConfig } from '@qfleet/config';
import { errorPolicy, initialPriority, Rollout } from '@qfleet/rollout';
import { Trainer } from '@qfleet/training';
import {
  agentSetting,
  exploringPolicy,
  type Gather,
  type GatherSetting,
  playedBy,
  writerOf,
} from './gathering.ts';
import { MemoryReplay } from './memory-replay.ts';

/** Gathers chunks, into a replay in memory. */
export async function replayGathering(setting: GatherSetting<ReplayRunConfig>): Promise<Gather> {
  const { config, task } = setting;
  const { definition, layout } = task;
  const { chunkLength } = config.replay;
  const { slots } = config.fleet;
  const agent = await createAgent({ config: config.agent, ...agentSetting(setting) });
  // After the agent, which decides how TensorFlow is loaded.
  const policy = await exploringPolicy(setting);
  return ({ training, steps, onInfoRefused, onSurvived }) => {
    const replay = new MemoryReplay(config, layout);
    const trainer = new Trainer({ ...training, config, layout, agent, store: replay.store });
    const rollout = new Rollout({
      definition,
      layout,
      policy,
      writer: writerOf(training.from?.updates ?? 0),
      chunkLength,
      seed: config.seed,
      epsilon: (slot) => epsilonOf(config.exploration, slot, slots, steps()),
      ...initialPriority(config),
      ...errorPolicy(config),
      onInfoRefused,
      onSurvived,
    });
    for (let slot = 0; slot < slots; slot++) rollout.addSlot(slot);
    return playedBy({
      ...{ trainer, replay, rollout },
      load: (tensors) => policy.load(tensors),
      append: (chunks) => replay.append(chunks),
      dispose: () => agent.dispose(),
    });
  };
}
