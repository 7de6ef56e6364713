import { createAgent } from '@qfleet/agents';
import type { ReplayRunConfig } from '@qfleet/config';
import { Trainer } from '@qfleet/training';
import { agentSetting, type Gather, type GatherSetting } from './gathering.ts';
import type { MemoryReplay } from './memory-replay.ts';

/** Gathers nothing: all that there is to learn from was recorded before. */
export async function offlineGathering(
  setting: GatherSetting<ReplayRunConfig>,
  replay: MemoryReplay,
): Promise<Gather> {
  const { config, task } = setting;
  const { store } = replay;
  const agent = await createAgent({ config: config.agent, ...agentSetting(setting) });
  const { transitions } = await store.standing();
  return ({ training }) => {
    const trainer = new Trainer({
      ...training,
      config,
      layout: task.layout,
      agent,
      store,
      offline: { transitions },
    });
    return {
      trainer,
      replay: null,
      // No weights are newer.
      weightsVersion: Number.POSITIVE_INFINITY,
      takeUp: () => undefined,
      async step() {
        throw new Error(`${transitions} recorded transitions are fewer than a batch.`);
      },
      takeEpisodes: () => [],
      close: async () => undefined,
      dispose: () => agent.dispose(),
    };
  };
}
