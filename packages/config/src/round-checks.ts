import type { Problem } from './problems.ts';
import { learner } from './schema/learner.ts';
import { replay } from './schema/replay.ts';
import type { RoundRunConfig } from './schema/run.ts';

/** What is wrong in a run whose experience comes in rounds: a round that can't be cut, and settings of what it lacks. */
export function roundChecks(config: RoundRunConfig): Problem[] {
  const { agent } = config;
  const problems: Problem[] = [];
  const size = agent.copies * agent.steps;
  if (size % agent.minibatches !== 0) {
    problems.push({
      path: ['agent', 'minibatches'],
      text: `is ${agent.minibatches}; allowed: a divisor of agent.copies × agent.steps, ${size}.`,
    });
  }
  const { core } = agent.network;
  if (core.kind !== 'none') {
    problems.push({
      path: ['agent', 'network', 'core', 'kind'],
      text: `is ${core.kind}; allowed: none with agent.kind pqn, which shuffles a round's steps: take agent.kind dqn, with agent.sequence.`,
    });
  }
  const why = 'agent.kind pqn learns from each round at once and keeps no replay';
  problems.push(
    ...unusable('replay', config.replay, replay.parse({}), why),
    ...unusable('learner', config.learner, learner.parse({}), why, ['cacheBytes']),
    ...unusable(
      'learner',
      config.learner,
      learner.parse({}),
      'agent.kind pqn publishes its weights after every round',
      ['publishEvery'],
    ),
  );
  return problems;
}

/** A problem for each field of a part that is not as it is by default. A run directory's file states the defaults too. */
function unusable(
  part: string,
  given: Readonly<Record<string, unknown>>,
  defaults: Readonly<Record<string, unknown>>,
  why: string,
  names = Object.keys(given),
): Problem[] {
  return names
    .filter((name) => JSON.stringify(given[name]) !== JSON.stringify(defaults[name]))
    .map((name) => ({
      path: [part, name],
      text: `is ${shown(given[name])}; allowed: nothing, since ${why}: leave it out.`,
    }));
}

const shown = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : `${value}`);
