import type { Random } from '@qfleet/random';
import type { ObservationArray } from '@qfleet/spaces';
import { markAdapted } from '../adapted.ts';
import type { Environment, EnvironmentDefinition, StepOutcome } from '../environment.ts';
import { makeIsAllowed, outerFields, Wrapped } from './wrapped.ts';

/**
 * The environment in which, with `probability`, the action that was executed last is executed again in place of the chosen
 * one: Machado et al., "Revisiting the Arcade Learning Environment" (2018), section 5.1. The first action of an episode
 * is always the chosen one, and so is one in place of which a mask forbids the last.
 */
export function stickActions(definition: EnvironmentDefinition, probability: number): EnvironmentDefinition {
  if (probability === 0) return definition;
  return markAdapted({
    ...outerFields(definition),
    create: (random) => new Sticky(definition, definition.create(random), random, probability),
  });
}

class Sticky extends Wrapped {
  readonly #random: Random;
  readonly #probability: number;
  readonly #isAllowed: (action: number) => boolean;
  /** The action that was executed last; −1: none of this episode. */
  #last = -1;

  constructor(definition: EnvironmentDefinition, inner: Environment, random: Random, probability: number) {
    super(inner);
    this.#random = random;
    this.#probability = probability;
    this.#isAllowed = makeIsAllowed(definition, inner);
  }

  step(action: number, observation: ObservationArray, outcome: StepOutcome): void {
    const sticks = this.#random.uniform() < this.#probability && this.#last >= 0;
    if (!sticks || !this.#isAllowed(this.#last)) this.#last = action;
    this.inner.step(this.#last, observation, outcome);
  }

  protected override begin(): void {
    this.#last = -1;
  }
}
