import type { Random } from '@qfleet/random';
import type { Environment, EnvironmentDefinition, StepOutcome } from './environment.ts';
import { EnvironmentError } from './errors.ts';
import { elementName, isFloating, type ObservationArray, observationSize } from './spaces.ts';

/**
 * Makes one copy of an environment, ready for a slot.
 *
 * - The time limit is applied as Gymnasium's `TimeLimit` does: `truncated` is set on the step that reaches
 *   `maxEpisodeSteps`, also when that step terminates. Who bootstraps must therefore ask `terminated` first.
 * - An action outside the space, and a step between an episode's end and `reset`, is refused.
 * - Unless the definition is `native`, each step is checked: NaN and infinity in the observation or the
 *   reward, an observation of a wrong length or outside its discrete space, a flag that is no boolean; and
 *   what the environment itself throws is wrapped.
 *
 * @param slot names the copy in errors.
 * @throws EnvironmentError from `reset`, `step` and `setState`, naming environment, slot, episode and step:
 *   that transition must not be stored, and the copy must be reset or made again.
 */
export function createEnvironment(definition: EnvironmentDefinition, random: Random, slot = 0): Environment {
  if (definition.native) return new LimitedEnvironment(definition, definition.create(random), slot);
  let environment: Environment;
  try {
    environment = definition.create(random);
  } catch (cause) {
    const place = { environment: definition.id, slot, episode: 0, step: 0 };
    throw new EnvironmentError(place, messageOf(cause), { cause });
  }
  return new CheckedEnvironment(definition, environment, slot);
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

/** Holds the time limit and refuses what callers must not do. */
class LimitedEnvironment implements Environment {
  protected readonly definition: EnvironmentDefinition;
  protected readonly inner: Environment;
  readonly #slot: number;
  readonly #actions: number;
  readonly #limit: number;
  /** Steps of this episode; −1: no episode is under way. */
  #steps = -1;
  #episode = 0;

  constructor(definition: EnvironmentDefinition, inner: Environment, slot: number) {
    this.definition = definition;
    this.inner = inner;
    this.#slot = slot;
    this.#actions = definition.actionSpace.n;
    this.#limit = definition.maxEpisodeSteps ?? Number.POSITIVE_INFINITY;
  }

  reset(observation: ObservationArray): void {
    this.#steps = -1;
    this.#episode++;
    this.inner.reset(observation);
    this.#steps = 0;
  }

  step(action: number, observation: ObservationArray, outcome: StepOutcome): void {
    if (this.#steps < 0) throw this.error('no episode is under way: call reset before step.', 0);
    if (!(action >= 0 && action < this.#actions && Number.isInteger(action))) {
      throw this.error(
        `action ${action} is outside the action space (the integers 0 to ${this.#actions - 1}).`,
        this.#steps + 1,
      );
    }
    this.inner.step(action, observation, outcome);
    if (++this.#steps >= this.#limit) outcome.truncated = true;
    if (outcome.terminated || outcome.truncated) this.#steps = -1;
  }

  setState(state: readonly number[], observation: ObservationArray): void {
    this.#steps = -1;
    this.#episode++;
    if (this.inner.setState === undefined) {
      throw this.error('its state cannot be set: start from a seed instead.', 0);
    }
    this.guard(0, () => this.inner.setState?.(state, observation));
    this.#steps = 0;
  }

  close(): void {
    this.inner.close?.();
  }

  /** The step that is being taken, counted from 1; 0 outside an episode. */
  protected get stepUnderWay(): number {
    return this.#steps + 1;
  }

  /** Runs code that is not ours, or input that is the user's: what it throws is named by its place. */
  protected guard(step: number, run: () => void): void {
    try {
      run();
    } catch (cause) {
      if (cause instanceof EnvironmentError) throw cause;
      throw this.error(messageOf(cause), step, cause);
    }
  }

  protected error(problem: string, step: number, cause?: unknown): EnvironmentError {
    const place = {
      environment: this.definition.id,
      slot: this.#slot,
      episode: this.#episode,
      step,
    };
    return new EnvironmentError(place, problem, cause === undefined ? undefined : { cause });
  }
}

/** Also checks what the environment gives: for code that is not ours. */
class CheckedEnvironment extends LimitedEnvironment {
  override reset(observation: ObservationArray): void {
    this.guard(0, () => super.reset(observation));
    this.#checkObservation(observation, 0);
  }

  override step(action: number, observation: ObservationArray, outcome: StepOutcome): void {
    const step = this.stepUnderWay;
    this.guard(step, () => super.step(action, observation, outcome));
    const { reward, terminated, truncated } = outcome as unknown as Record<string, unknown>;
    if (typeof reward !== 'number' || !Number.isFinite(Math.fround(reward))) {
      throw this.error(`the reward is ${String(reward)}: it must be a finite float32.`, step);
    }
    for (const [name, flag] of [
      ['terminated', terminated],
      ['truncated', truncated],
    ] as const) {
      if (typeof flag !== 'boolean') {
        throw this.error(`${name} is ${String(flag)}: it must be true or false.`, step);
      }
    }
    this.#checkObservation(observation, step);
  }

  override setState(state: readonly number[], observation: ObservationArray): void {
    super.setState(state, observation);
    this.#checkObservation(observation, 0);
  }

  #checkObservation(observation: ObservationArray, step: number): void {
    const space = this.definition.observationSpace;
    const size = observationSize(space);
    if (observation.length !== size) {
      throw this.error(`the array for an observation has ${observation.length} elements, not ${size}.`, step);
    }
    if (space.kind === 'discrete') {
      if (!(observation[0] >= 0 && observation[0] < space.n)) {
        throw this.error(
          `observation ${observation[0]} is outside the observation space (the integers 0 to ${space.n - 1}).`,
          step,
        );
      }
    } else if (isFloating(space.dtype)) {
      for (let i = 0; i < size; i++) {
        if (!Number.isFinite(observation[i])) {
          throw this.error(
            `${elementName(i, space.parts)} is ${observation[i]}: it must be a finite ${space.dtype}.`,
            step,
          );
        }
      }
    }
  }
}
