import { createRoundAgent, epsilonOf } from '@qfleet/agents';
import type { RoundRunConfig } from '@qfleet/config';
import { errorPolicy, RoundRollout } from '@qfleet/rollout';
import { Trainer } from '@qfleet/training';
import { agentSetting, type Gather, type GatherSetting, writerOf } from './gathering.ts';

/** Gathers rounds, each of which is learned from before the next begins. */
export async function roundGathering(setting: GatherSetting<RoundRunConfig>): Promise<Gather> {
  const { config, task } = setting;
  const { definition, layout } = task;
  const { copies, steps: length } = config.agent;
  const agent = await createRoundAgent({ config: config.agent, ...agentSetting(setting) });
  return ({ policy, training, steps, onInfoRefused, onSurvived }) => {
    const rollout = new RoundRollout({
      definition,
      layout,
      policy,
      writer: writerOf(training.from?.updates ?? 0),
      copies,
      steps: length,
      seed: config.seed,
      epsilon: (slot) => epsilonOf(config.exploration, slot, copies, steps()),
      ...errorPolicy(config),
      onInfoRefused,
      onSurvived,
    });
    const trainer = new Trainer({ ...training, config, layout, agent, rounds: rollout });
    return {
      trainer,
      get weightsVersion() {
        return rollout.weightsVersion;
      },
      set weightsVersion(version) {
        rollout.weightsVersion = version;
      },
      step: async () => rollout.step(),
      takeEpisodes: () => rollout.takeEpisodes(),
      close: async () => rollout.close(),
      dispose: () => agent.dispose(),
    };
  };
}
