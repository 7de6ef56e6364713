import { Random } from '@qfleet/random';
import { allocateObservations } from '@qfleet/spaces';
import { createEnvironment } from '../create-environment.ts';
import type { Environment, EnvironmentDefinition, StepOutcome } from '../environment.ts';
import { EnvironmentDefinitionError } from '../errors.ts';
import type { Picture } from './picture.ts';

/** What is played before an environment is drawn. */
export interface DrawnPlay {
  /** The seed of the environment and of random actions. */
  readonly seed: number;
  /** How many steps of uniformly random actions, or the actions themselves. */
  readonly steps: number | readonly number[];
}

/**
 * The picture of a state that an environment comes to. Where the episode ends earlier, it is that of its last state.
 *
 * @throws EnvironmentDefinitionError where an environment has no picture, or has no such action; EnvironmentError when the
 *   environment itself fails.
 */
export function drawEnvironment(definition: EnvironmentDefinition, { seed, steps }: DrawnPlay): Picture {
  const { id, actionSpace, masked } = definition;
  const given = typeof steps === 'number' ? null : steps;
  const wrong = given?.find((action) => !(Number.isInteger(action) && action >= 0 && action < actionSpace.n));
  if (wrong !== undefined) {
    throw new EnvironmentDefinitionError(
      `Environment ${id} has the actions 0 to ${actionSpace.n - 1}, not ${wrong}.`,
    );
  }
  const environment = createEnvironment(definition, new Random(Random.seed(seed, 'environment')));
  try {
    const random = new Random(Random.seed(seed, 'actions'));
    const mask = new Uint8Array(actionSpace.n).fill(1);
    play(environment, definition, given?.length ?? (steps as number), (i) => {
      if (given !== null) return given[i];
      if (masked) environment.mask?.(mask);
      return randomAction(mask, random);
    });
    const picture = environment.picture?.();
    if (picture !== undefined) return picture;
    throw new EnvironmentDefinitionError(
      `Environment ${id} has no picture: only native environments are drawn, and those that wrap them.`,
    );
  } finally {
    environment.close?.();
  }
}

function play(
  environment: Environment,
  { observationSpace }: EnvironmentDefinition,
  steps: number,
  actionOf: (step: number) => number,
): void {
  const observation = allocateObservations(observationSpace);
  const outcome: StepOutcome = { reward: 0, terminated: false, truncated: false };
  environment.reset(observation);
  for (let i = 0; i < steps && !outcome.terminated && !outcome.truncated; i++) {
    environment.step(actionOf(i), observation, outcome);
  }
}

/** An action that the mask allows, each as likely. */
function randomAction(mask: Uint8Array, random: Random): number {
  let left = random.integer(mask.reduce((sum, allowed) => sum + allowed, 0));
  return mask.findIndex((allowed) => allowed === 1 && left-- === 0);
}
