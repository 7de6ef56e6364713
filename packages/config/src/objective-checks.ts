import type { Problem } from './problems.ts';
import type { DqnConfig, SamplingConfig } from './schema/run.ts';

/** What is wrong between the fields that say what an agent is trained for. */
export function objectiveChecks(agent: DqnConfig, sampling: SamplingConfig): Problem[] {
  const { objective, munchausen, valueRescaling, doubleQ } = agent;
  const problems: Problem[] = [];
  const refuse = (path: string, text: string) => problems.push({ path: path.split('.'), text });

  if ('low' in objective && objective.low >= objective.high) {
    refuse(
      'agent.objective.low',
      `is ${objective.low}; allowed: less than agent.objective.high, ${objective.high}.`,
    );
  }
  if (objective.kind === 'iqn' && agent.network.kind === 'mlp' && agent.network.hidden.length < 2) {
    refuse(
      'agent.network.hidden',
      'has one layer; allowed: two or more with agent.objective iqn, which multiplies its levels into what the first ones make.',
    );
  }
  if (agent.huberKappa !== 1 && (agent.loss !== 'huber' || objective.kind !== 'expected')) {
    const why =
      objective.kind === 'expected'
        ? 'agent.loss is mse'
        : `agent.objective ${objective.kind} has a loss of its own`;
    refuse('agent.huberKappa', `is ${agent.huberKappa}; allowed: 1, because ${why}.`);
  }
  if (munchausen !== null) {
    const why = doubleQ
      ? 'agent.doubleQ false: its target is a mean over a softmax policy, in which no greedy action is chosen'
      : objective.kind === 'c51'
        ? 'another agent.objective than c51: its target weighs actions by their values, which atoms are not'
        : valueRescaling !== null
          ? 'agent.valueRescaling null: its temperature is in units of the return'
          : null;
    if (why !== null) refuse('agent.munchausen', `is set; allowed: null, or ${why}.`);
  }
  if (sampling.kind === 'prioritized' && sampling.initialPriority === 'td-error') {
    const why =
      objective.kind !== 'expected'
        ? `the priorities of agent.objective ${objective.kind} are no TD errors`
        : munchausen !== null
          ? 'the targets of agent.munchausen are not those of actors'
          : valueRescaling !== null
            ? 'the targets of agent.valueRescaling are not those of actors'
            : null;
    if (why !== null) refuse('replay.sampling.initialPriority', `is td-error; allowed: max, because ${why}.`);
  }
  return problems;
}
