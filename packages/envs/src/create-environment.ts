import type { Random } from '@qfleet/random';
import { describe, type ObservationArray, observationSize } from '@qfleet/spaces';
import type { Frame } from './drawing/frame.ts';
import type { Picture } from './drawing/picture.ts';
import type { Environment, EnvironmentDefinition, StepOutcome } from './environment.ts';
import { EnvironmentError } from './errors.ts';
import { enterUserCode, leaveUserCode } from './running.ts';
import { NO_ACTION, observationProblem } from './step-problems.ts';
import { callUser, problemOf } from './user-call.ts';

/**
 * Makes one copy of an environment, ready for a slot.
 *
 * - The time limit is applied as Gymnasium's `TimeLimit` does: `truncated` is set on the step that reaches
 *   `maxEpisodeSteps`, also when that step terminates. Who bootstraps must therefore ask `terminated` first.
 * - An action outside the space, and a step between an episode's end and `reset`, is refused.
 * - Unless the definition is `native`, each step is checked: NaN and infinity in the observation or the
 *   reward, an observation of a wrong length or outside its discrete space, a flag that is no boolean; and
 *   what the environment itself throws is told with the line of its code.
 *
 * @param slot names the copy in errors.
 * @param episodes that the slot has begun before: those of this copy are counted on.
 * @throws EnvironmentError from `reset`, `step`, `setState` and `close`, naming environment, slot, episode and step:
 *   that transition must not be stored, and the copy must be reset or made again.
 */
export function createEnvironment(
  definition: EnvironmentDefinition,
  random: Random,
  slot = 0,
  episodes = 0,
): Environment {
  if (definition.native) return new LimitedEnvironment(definition, definition.create(random), slot, episodes);
  const place = { environment: definition.id, slot, episode: episodes, step: 0 };
  const environment = callUser('create', place, () => definition.create(random));
  return new CheckedEnvironment(definition, environment, slot, episodes);
}

/** Holds the time limit and refuses what callers must not do. */
class LimitedEnvironment implements Environment {
  readonly frame?: () => Frame;
  protected readonly definition: EnvironmentDefinition;
  protected readonly inner: Environment;
  protected readonly slot: number;
  protected episode: number;
  readonly #actions: number;
  readonly #limit: number;
  /** Steps of this episode; −1: no episode has begun. */
  #steps = -1;

  constructor(definition: EnvironmentDefinition, inner: Environment, slot: number, episodes: number) {
    this.definition = definition;
    this.episode = episodes;
    this.inner = inner;
    this.slot = slot;
    if (inner.frame !== undefined) this.frame = () => inner.frame!();
    this.#actions = definition.actionSpace.n;
    this.#limit = definition.maxEpisodeSteps ?? Number.POSITIVE_INFINITY;
  }

  reset(observation: ObservationArray): void {
    this.#steps = -1;
    this.episode++;
    this.inner.reset(observation);
    this.#steps = 0;
  }

  step(action: number, observation: ObservationArray, outcome: StepOutcome): void {
    if (this.#steps < 0) throw this.error('no episode has begun: call reset before step.', 0);
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

  /** Writes the mask of the current state. Nobody acts in the state that ends an episode: all is allowed there. */
  mask(mask: Uint8Array): void {
    if (this.#steps < 0) mask.fill(1);
    else this.inner.mask?.(mask);
  }

  seed(seed: number): void {
    this.#steps = -1;
    this.inner.seed?.(seed);
  }

  setState(state: unknown, observation: ObservationArray): void {
    this.#begin(
      'its state cannot be set: start from a seed instead.',
      this.inner.setState,
      state,
      observation,
    );
  }

  getState(): unknown {
    return this.inner.getState?.();
  }

  picture(): Picture | undefined {
    return this.inner.picture?.();
  }

  resetWith(draws: unknown, observation: ObservationArray): void {
    const unable = 'it takes no draws: start from a seed or a state instead.';
    this.#begin(unable, this.inner.resetWith, draws, observation);
  }

  /** Begins an episode from what was given, which may not fit; `unable` is told of an environment without `begin`. */
  #begin(
    unable: string,
    begin: Environment['setState'],
    given: unknown,
    observation: ObservationArray,
  ): void {
    this.#steps = -1;
    this.episode++;
    if (begin === undefined) throw this.error(unable, 0);
    try {
      begin.call(this.inner, given, observation);
    } catch (cause) {
      throw this.placed(cause, 0);
    }
    this.#steps = 0;
  }

  close(): void {
    this.inner.close?.();
  }

  /** The step that is being taken, counted from 1; 0 outside an episode. */
  protected get stepUnderWay(): number {
    return this.#steps + 1;
  }

  /** What was thrown, as an error that names the place. */
  protected placed(cause: unknown, step: number): EnvironmentError {
    return this.error((cause as Error).message, step, cause);
  }

  protected error(problem: string, step: number, cause?: unknown): EnvironmentError {
    const { definition, slot, episode } = this;
    const place = { environment: definition.id, slot, episode, step };
    return new EnvironmentError(place, problem, cause === undefined ? undefined : { cause });
  }
}

/** Also checks what the environment gives: for code that is not ours. */
class CheckedEnvironment extends LimitedEnvironment {
  readonly #size: number;

  constructor(definition: EnvironmentDefinition, inner: Environment, slot: number, episodes: number) {
    super(definition, inner, slot, episodes);
    this.#size = observationSize(definition.observationSpace);
  }

  override reset(observation: ObservationArray): void {
    enterUserCode('reset', this.definition.id, this.slot, this.episode + 1, 0);
    try {
      super.reset(observation);
    } catch (cause) {
      throw this.placed(cause, 0);
    } finally {
      leaveUserCode();
    }
    this.#checkObservation(observation, 0);
  }

  override step(action: number, observation: ObservationArray, outcome: StepOutcome): void {
    const step = this.stepUnderWay;
    enterUserCode('step', this.definition.id, this.slot, this.episode, step);
    try {
      super.step(action, observation, outcome);
    } catch (cause) {
      throw this.placed(cause, step);
    } finally {
      leaveUserCode();
    }
    const { reward, terminated, truncated } = outcome;
    if (typeof reward !== 'number' || !Number.isFinite(Math.fround(reward))) {
      throw this.error(`the reward is ${describe(reward)}: it must be a finite float32.`, step);
    }
    if (typeof terminated !== 'boolean') {
      throw this.error(`terminated is ${describe(terminated)}: it must be true or false.`, step);
    }
    if (typeof truncated !== 'boolean') {
      throw this.error(`truncated is ${describe(truncated)}: it must be true or false.`, step);
    }
    this.#checkObservation(observation, step);
  }

  override mask(mask: Uint8Array): void {
    const step = this.stepUnderWay - 1;
    enterUserCode('mask', this.definition.id, this.slot, this.episode, Math.max(step, 0));
    try {
      super.mask(mask);
    } catch (cause) {
      throw this.placed(cause, Math.max(step, 0));
    } finally {
      leaveUserCode();
    }
    if (!mask.includes(1)) throw this.error(NO_ACTION, step);
  }

  override setState(state: unknown, observation: ObservationArray): void {
    enterUserCode('setState', this.definition.id, this.slot, this.episode + 1, 0);
    try {
      super.setState(state, observation);
    } finally {
      leaveUserCode();
    }
    this.#checkObservation(observation, 0);
  }

  override close(): void {
    enterUserCode('close', this.definition.id, this.slot, this.episode, 0);
    try {
      super.close();
    } catch (cause) {
      throw this.placed(cause, 0);
    } finally {
      leaveUserCode();
    }
  }

  protected override placed(cause: unknown, step: number): EnvironmentError {
    return cause instanceof EnvironmentError ? cause : this.error(problemOf(cause), step, cause);
  }

  #checkObservation(observation: ObservationArray, step: number): void {
    const space = this.definition.observationSpace;
    const size = this.#size;
    if (observation.length !== size) {
      throw this.error(`the array for an observation has ${observation.length} elements, not ${size}.`, step);
    }
    const problem = observationProblem(space, observation, 0, size);
    if (problem !== null) throw this.error(problem, step);
  }
}
