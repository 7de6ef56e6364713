import type { ObservationArray } from '@qfleet/spaces';
import { markAdapted } from '../adapted.ts';
import type { Environment, EnvironmentDefinition, StepOutcome } from '../environment.ts';
import { makeIsAllowed, outerFields, Wrapped } from './wrapped.ts';

/**
 * The environment in which an action is taken `times` times in a row, at least 1: a step has the sum of their rewards and the
 * last observation. It is cut short by the end of the episode, and where a mask forbids the action meanwhile. The time
 * limit goes on to count the inner steps.
 */
export function repeatActions(definition: EnvironmentDefinition, times: number): EnvironmentDefinition {
  if (times === 1) return definition;
  const { masked, maxEpisodeSteps: limit } = definition;
  return markAdapted({
    ...outerFields(definition),
    // A mask may cut every step down to one inner step.
    maxEpisodeSteps: limit === null || masked ? limit : Math.ceil(limit / times),
    create: (random) => new Repeated(definition, definition.create(random), times),
  });
}

class Repeated extends Wrapped {
  readonly #times: number;
  readonly #limit: number;
  readonly #isAllowed: (action: number) => boolean;
  /** Inner steps of this episode. */
  #steps = 0;

  constructor(definition: EnvironmentDefinition, inner: Environment, times: number) {
    super(inner);
    this.#times = times;
    this.#limit = definition.maxEpisodeSteps ?? Number.POSITIVE_INFINITY;
    this.#isAllowed = makeIsAllowed(definition, inner);
  }

  step(action: number, observation: ObservationArray, outcome: StepOutcome): void {
    let reward = 0;
    for (let left = this.#times; left > 0; left--) {
      this.inner.step(action, observation, outcome);
      reward += outcome.reward;
      if (++this.#steps >= this.#limit) outcome.truncated = true;
      if (outcome.terminated || outcome.truncated) break;
      if (left > 1 && !this.#isAllowed(action)) break;
    }
    outcome.reward = reward;
  }

  protected override begin(): void {
    this.#steps = 0;
  }
}
