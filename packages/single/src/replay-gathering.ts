import { createAgent, epsilonOf } from '@qfleet/agents';
import type { ReplayRunConfig } from '@qfleet/config';
import { compressChunk, compressesWell, MemoryReplayStore, observationBytes } from '@qfleet/replay';
import { errorPolicy, initialPriority, Rollout } from '@qfleet/rollout';
import { Trainer } from '@qfleet/training';
import { agentSetting, type Gather, type GatherSetting, writerOf } from './gathering.ts';

/** Gathers chunks, into a replay in memory. */
export async function replayGathering(setting: GatherSetting<ReplayRunConfig>): Promise<Gather> {
  const { config, task } = setting;
  const { definition, layout } = task;
  const { capacity, capacityBytes, chunkLength } = config.replay;
  const { slots } = config.fleet;
  const agent = await createAgent({ config: config.agent, ...agentSetting(setting) });
  /** Whether frames are worth compressing: the learner's cache has no room for all of them. */
  const compressed =
    compressesWell(layout) && capacity * observationBytes(layout) > config.learner.cacheBytes;
  return ({ policy, training, steps, onInfoRefused, onSurvived }) => {
    const store = new MemoryReplayStore(layout, { transitions: capacity, bytes: capacityBytes });
    const trainer = new Trainer({ ...training, config, layout, agent, store });
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
      await store.append(compressed ? await Promise.all(open.map(compressChunk)) : open);
      await trainer.synchronize();
    };
    return {
      trainer,
      get weightsVersion() {
        return rollout.weightsVersion;
      },
      set weightsVersion(version) {
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
