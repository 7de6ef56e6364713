import { createPolicy, createRoundAgent } from '@qfleet/agents';
import { learnsFromRounds, loadRunConfig } from '@qfleet/config';
import { findEnvironment } from '@qfleet/envs';
import { openTask, RoundRollout } from '@qfleet/rollout';
import { answerMeasurements } from '../contest/contestant.ts';

/** What `rounds-child` is told, as JSON in its one argument. */
export interface RoundsChildOptions {
  /** The id of a native environment. */
  readonly environment: string;
  /** Whether rounds are learned from, or only played. */
  readonly learns: boolean;
}

// A program: one contestant of `qfleet bench rounds`. It measures a frame of the method pqn in one process: 128 copies'
// steps, ε-greedy on the newest weights, and the updates that a round of them is worth.
const { environment, learns } = JSON.parse(process.argv[2]) as RoundsChildOptions;
const { id, observationSpace, maxEpisodeSteps, solvedReturn } = findEnvironment(environment);
const isDiscrete = observationSpace.kind === 'discrete';
const config = loadRunConfig({ environment: { id, isDiscrete, maxEpisodeSteps, solvedReturn } }, [], {
  preset: 'pqn',
  observation: observationSpace.kind === 'box' ? observationSpace.shape : [],
});
if (!learnsFromRounds(config)) throw new TypeError('The method pqn learns from rounds.');
const { copies, steps } = config.agent;
const { definition, layout } = await openTask(config);
const given = { config: config.agent, spec: layout };
const agent = await createRoundAgent({
  ...given,
  seed: 0,
  totalUpdates: config.stop.maxUpdates,
  isRepeatable: true,
});
const policy = await createPolicy({ ...given, explores: true, helped: copies });
policy.load(agent.parameters());
const rollout = new RoundRollout({
  ...{ definition, layout, policy, writer: 'bench', steps, seed: 0 },
  epsilon: () => 0.05,
});
for (let slot = 0; slot < copies; slot++) rollout.addSlot(slot);
const round = (): void => {
  rollout.release();
  while (rollout.round === null) rollout.step();
  rollout.takeEpisodes();
  if (!learns) return;
  agent.update(rollout.round);
  policy.load(agent.parameters());
};
await answerMeasurements(round, copies * steps);
agent.dispose();
policy.dispose?.();
