import { fleetOf } from './fleet-of.ts';
import { objectiveChecks } from './objective-checks.ts';
import type { Problem } from './problems.ts';
import { roundChecks } from './round-checks.ts';
import { learnsFromRounds, type ReplayRunConfig, type RunConfig } from './schema/run.ts';
import { sequenceChecks } from './sequence-checks.ts';

/** What is wrong between fields that are each right. */
export function crossChecks(config: RunConfig): Problem[] {
  const { agent, environment, exploration, replay, stop } = config;
  const { actors, slots, slotsPerActor, slotsPerLease } = fleetOf(config);
  const problems: Problem[] = learnsFromRounds(config)
    ? roundChecks(config)
    : replayChecks(config as ReplayRunConfig);
  const refuse = (path: string, text: string) => problems.push({ path: path.split('.'), text });

  if (agent.kind === 'tabular' && environment.frameStack > 1) {
    refuse('environment.frameStack', `is ${environment.frameStack}; allowed: 1 with agent.kind tabular.`);
  }
  if (agent.kind === 'tabular' && environment.normalizeObservations) {
    refuse('environment.normalizeObservations', 'is true; allowed: false with agent.kind tabular.');
  }
  if (agent.kind === 'dqn') problems.push(...objectiveChecks(agent, replay.sampling));
  if (agent.kind === 'dqn') problems.push(...sequenceChecks(agent, replay.chunkLength));
  if (slotsPerLease > slots) {
    refuse('fleet.slotsPerLease', `is ${slotsPerLease}; allowed: at most fleet.slots, ${slots}.`);
  } else if (slotsPerLease > slotsPerActor) {
    refuse(
      'fleet.slotsPerLease',
      `is ${slotsPerLease}; allowed: at most fleet.slotsPerActor, ${slotsPerActor}.`,
    );
  } else if (!learnsFromRounds(config)) {
    const leases = Math.ceil(slots / slotsPerLease);
    const busy = Math.ceil(leases / Math.floor(slotsPerActor / slotsPerLease));
    if (actors > busy) {
      refuse(
        'fleet.actors',
        `is ${actors}, and ${busy} hold all ${slots} slots already: raise fleet.slots or lower fleet.slotsPerActor (${slotsPerActor}).`,
      );
    }
  }
  if (
    (agent.kind === 'dqn' || agent.kind === 'pqn') &&
    agent.network.noisy !== null &&
    exploration.selector.kind === 'softmax'
  ) {
    refuse(
      'exploration.selector.kind',
      'is softmax; allowed: epsilon-greedy with agent.network.noisy, whose noise already is the exploration that softmax would add to.',
    );
  }
  if (exploration.kind !== 'ladder' && exploration.to > exploration.from) {
    refuse('exploration.to', `is ${exploration.to}; allowed: at most exploration.from, ${exploration.from}.`);
  }
  if (agent.kind !== 'tabular' && agent.learningRateSchedule === 'cosine' && agent.learningRateDecay === 1) {
    refuse(
      'agent.learningRateSchedule',
      'is cosine; allowed: linear where agent.learningRateDecay is 1, with which the rate stays as it is.',
    );
  }
  if (agent.kind !== 'tabular' && stop.maxUpdates !== null && agent.learningRateWarmup >= stop.maxUpdates) {
    refuse(
      'agent.learningRateWarmup',
      `is ${agent.learningRateWarmup}; allowed: less than stop.maxUpdates, ${stop.maxUpdates}.`,
    );
  }
  if (stop.maxUpdates === null) {
    const why = endsAtMaxUpdates(config);
    if (why !== null) refuse('stop.maxUpdates', `is null; allowed: a number of updates, because ${why}.`);
  }
  return problems;
}

/** What ends at `stop.maxUpdates` beside the run, as a clause; null: nothing does. */
export function endsAtMaxUpdates({ agent, replay }: RunConfig): string | null {
  if (replay.sampling.kind === 'prioritized') return 'replay.sampling.beta reaches 1 there';
  return agent.kind !== 'tabular' && agent.learningRateDecay < 1
    ? 'agent.learningRateDecay ends there'
    : null;
}

/** What is wrong between the fields of a replay and those of an agent that learns from it. */
function replayChecks({ agent, replay }: ReplayRunConfig): Problem[] {
  const problems: Problem[] = [];
  const refuse = (path: string, text: string) => problems.push({ path: path.split('.'), text });
  if (replay.minSize >= replay.capacity) {
    refuse('replay.minSize', `is ${replay.minSize}; allowed: less than replay.capacity, ${replay.capacity}.`);
  }
  // A batch of dialogues is filled by any of them.
  if (agent.kind !== 'token-q' && replay.minSize < agent.batchSize) {
    refuse('replay.minSize', `is ${replay.minSize}; allowed: at least agent.batchSize, ${agent.batchSize}.`);
  }
  if (replay.chunkLength > replay.capacity) {
    refuse(
      'replay.chunkLength',
      `is ${replay.chunkLength}; allowed: at most replay.capacity, ${replay.capacity}.`,
    );
  }
  return problems;
}
