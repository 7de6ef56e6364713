import { createAgent, epsilonOf } from '@qfleet/agents';
import type { ReplayRunConfig } from '@qfleet/config';
import { errorPolicy, initialPriority, Rollout } from '@qfleet/rollout';
import { Trainer } from '@qfleet/training';
import { agentSetting, exploringPolicy, type Gather, type GatherSetting, writerOf } from './gathering.ts';
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
    const push = async (): Promise<void> => {
      const open = rollout.takeChunks();
      if (open.length === 0) return;
      await replay.append(open);
      await trainer.synchronize();
    };
    return {
      trainer,
      replay,
      get weightsVersion() {
        return rollout.weightsVersion;
      },
      takeUp({ tensors, version }) {
        policy.load(tensors);
        rollout.weightsVersion = version;
      },
      async step() {
        const stepped = rollout.step();
        const count = typeof stepped === 'number' ? stepped : await stepped;
        await push();
        return count;
      },
      takeEpisodes: () => rollout.takeEpisodes(),
      async close() {
        rollout.close();
        await push();
      },
      dispose: () => agent.dispose(),
    };
  };
}
