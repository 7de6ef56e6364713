import { createRoundAgent, epsilonOf } from '@qfleet/agents';
import type { RoundRunConfig } from '@qfleet/config';
import { errorPolicy, RoundRollout } from '@qfleet/rollout';
import { Trainer } from '@qfleet/training';
import { agentSetting, exploringPolicy, type Gather, type GatherSetting, writerOf } from './gathering.ts';

/** Gathers rounds, each of which is learned from before the next begins. */
export async function roundGathering(setting: GatherSetting<RoundRunConfig>): Promise<Gather> {
  const { config, task } = setting;
  const { definition, layout } = task;
  const { copies, steps: length } = config.agent;
  const agent = await createRoundAgent({ config: config.agent, ...agentSetting(setting) });
  // After the agent, which decides how TensorFlow is loaded.
  const policy = await exploringPolicy(setting, copies);
  return ({ training, steps, onInfoRefused, onSurvived }) => {
    const rollout = new RoundRollout({
      definition,
      layout,
      policy,
      writer: writerOf(training.from?.updates ?? 0),
      steps: length,
      seed: config.seed,
      epsilon: (slot) => epsilonOf(config.exploration, slot, copies, steps()),
      ...errorPolicy(config),
      onInfoRefused,
      onSurvived,
    });
    for (let slot = 0; slot < copies; slot++) rollout.addSlot(slot);
    const trainer = new Trainer({ ...training, config, layout, agent, rounds: rollout });
    return {
      trainer,
      replay: null,
      get weightsVersion() {
        return rollout.weightsVersion;
      },
      takeUp({ tensors, version }) {
        policy.load(tensors);
        rollout.weightsVersion = version;
      },
      step: async () => rollout.step(),
      takeEpisodes: () => rollout.takeEpisodes(),
      close: async () => rollout.close(),
      dispose: () => {
        agent.dispose();
        policy.dispose?.();
      },
    };
  };
}
