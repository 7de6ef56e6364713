import { isDeepStrictEqual } from 'node:util';
import { Random } from '@qfleet/random';
import { createEnvironment } from './create-environment.ts';
import type { EnvironmentDefinition, StepOutcome } from './environment.ts';
import { allocateObservations, elementName, observationSize, type Space } from './spaces.ts';

/** What a random policy met in an environment. */
export interface EnvironmentCheck {
  readonly id: string;
  readonly observationSpace: Space;
  readonly actions: number;
  readonly steps: number;
  /** Episodes that ended; their undiscounted returns on average, null where none ended. */
  readonly episodes: number;
  readonly meanReturn: number | null;
  /** Sentences; none: it can be trained on. */
  readonly problems: readonly string[];
}

/** Steps that are played twice, to see that they come out the same. */
const REPEATED_STEPS = 1000;

/**
 * Plays uniformly random actions. Beside what `createEnvironment` checks at each step, observations must be within
 * the bounds of their space, episodes must end, and a seed must give the same steps again.
 * @throws EnvironmentError where the environment breaks its contract.
 */
export function checkEnvironment(
  definition: EnvironmentDefinition,
  options: { steps: number; seed: number },
): EnvironmentCheck {
  const { steps, seed } = options;
  const problems: string[] = [];
  const outside = outsideOf(definition.observationSpace);
  const returns: number[] = [];
  let total = 0;
  let first: string | null = null;
  play(definition, steps, seed, (observation, outcome, place) => {
    first ??= outside(observation, place);
    if (outcome === null) {
      total = 0;
      return;
    }
    total += outcome.reward;
    if (outcome.terminated || outcome.truncated) returns.push(total);
  });
  if (first !== null) problems.push(first);
  if (returns.length === 0) {
    problems.push(`No episode ended in ${steps} steps: set maxEpisodeSteps, or check for more steps.`);
  }
  const repeated = Math.min(steps, REPEATED_STEPS);
  const [once, again] = [0, 1].map(() => {
    const trace: unknown[] = [];
    play(definition, repeated, seed, (observation, outcome) => trace.push([...observation], { ...outcome }));
    return trace;
  });
  if (!isDeepStrictEqual(once, again)) {
    problems.push(
      'The same seed gave other steps the second time: draw all that is random from the `random` of create.',
    );
  }
  return {
    id: definition.id,
    observationSpace: definition.observationSpace,
    actions: definition.actionSpace.n,
    steps,
    episodes: returns.length,
    meanReturn: returns.length === 0 ? null : returns.reduce((sum, each) => sum + each, 0) / returns.length,
    problems,
  };
}

/** Tells every observation, with the step that led to it; null: an episode's first. */
function play(
  definition: EnvironmentDefinition,
  steps: number,
  seed: number,
  told: (
    observation: ArrayLike<number> & Iterable<number>,
    outcome: StepOutcome | null,
    place: string,
  ) => void,
): void {
  const environment = createEnvironment(definition, new Random(Random.seed(seed, 'environment')));
  const random = new Random(Random.seed(seed, 'actions'));
  const observation = allocateObservations(definition.observationSpace);
  const outcome: StepOutcome = { reward: 0, terminated: false, truncated: false };
  try {
    let [episode, step, open] = [0, 0, false];
    for (let done = 0; done < steps; done++) {
      if (!open) {
        environment.reset(observation);
        [episode, step, open] = [episode + 1, 0, true];
        told(observation, null, `episode ${episode}, step 0`);
      }
      environment.step(random.integer(definition.actionSpace.n), observation, outcome);
      told(observation, outcome, `episode ${episode}, step ${++step}`);
      open = !outcome.terminated && !outcome.truncated;
    }
  } finally {
    environment.close?.();
  }
}

/** Says in a sentence which element of an observation is outside the space; null: none. */
function outsideOf(space: Space): (observation: ArrayLike<number>, place: string) => string | null {
  // createEnvironment sees to a Discrete.
  if (space.kind === 'discrete') return () => null;
  const round = { float32: Math.fround, float16: Math.f16round, int32: Number, uint8: Number }[space.dtype];
  const boundsOf = (bounds: number | readonly number[]) =>
    Array.from({ length: observationSize(space) }, (_, i) =>
      round(typeof bounds === 'number' ? bounds : bounds[i]),
    );
  const [lows, highs] = [boundsOf(space.low), boundsOf(space.high)];
  return (observation, place) => {
    const i = lows.findIndex((low, at) => observation[at] < low || observation[at] > highs[at]);
    if (i < 0) return null;
    const name = elementName(i, space.parts);
    return `In ${place}, ${name} is ${observation[i]}: its space says ${lows[i]} to ${highs[i]}.`;
  };
}
