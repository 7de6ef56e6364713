import type { Random } from '@qfleet/random';
import { z } from 'zod';
import type { Environment, EnvironmentDefinition, StepOutcome } from './environment.ts';
import { EnvironmentDefinitionError } from './errors.ts';
import { issueSentence } from './issues.ts';
import {
  type Box,
  box,
  type Discrete,
  fits,
  isFloating,
  type ObservationArray,
  observationDType,
  observationShape,
  observationSize,
  type Space,
  spaceProblem,
} from './spaces.ts';

/**
 * An observation of a user's environment: its elements row by row, or one number where it has one element.
 */
export type OwnObservation = number | ArrayLike<number>;

/** What a step of a user's environment returns: Gymnasium's tuple, by name. */
export interface OwnStep {
  observation: OwnObservation;
  reward: number;
  /** The episode reached a terminal state. */
  terminated: boolean;
  /** The episode is cut for another reason; `maxEpisodeSteps` is applied without it. */
  truncated?: boolean;
}

/** One copy of a user's environment. */
export interface OwnEnvironment {
  reset(): OwnObservation;
  step(action: number): OwnStep;
  /** Takes an internal state for `qfleet env trace`, and returns the observation. */
  setState?(state: readonly number[]): OwnObservation;
  close?(): void;
}

/** A user's environment, as a module's default export gives it. */
export interface OwnDefinition {
  id: string;
  observationSpace: Box | Discrete;
  actionSpace: Discrete;
  maxEpisodeSteps?: number | null;
  solvedReturn?: number | null;
  summary?: string;
  /** Makes a copy. All randomness must come from `random`, so that a seed gives the same run again. */
  create(random: Random): OwnEnvironment;
}

/** Marks definitions that are adapted already, also by another copy of this package. */
const adapted: unique symbol = Symbol.for('qfleet.environment');

const isFunction = (value: unknown): boolean => typeof value === 'function';

const schema = z.strictObject({
  id: z.string().min(1),
  observationSpace: z.unknown(),
  actionSpace: z.unknown(),
  maxEpisodeSteps: z.int().min(1).nullish(),
  solvedReturn: z.number().nullish(),
  summary: z.string().optional(),
  create: z.custom(isFunction, 'it must be a function (random) => environment'),
});

/**
 * An environment of one's own, in the shape of Gymnasium's; `createEnvironment` checks each of its steps.
 *
 * @example
 * export default defineEnvironment({
 *   id: 'Corridor-v0',
 *   observationSpace: box({ low: 0, high: 10, shape: [1] }),
 *   actionSpace: discrete(2),
 *   maxEpisodeSteps: 50,
 *   create: () => {
 *     let at = 0;
 *     return {
 *       reset: () => (at = 0),
 *       step: (action) => {
 *         at = Math.max(0, at + (action === 1 ? 1 : -1));
 *         return { observation: at, reward: -1, terminated: at === 10 };
 *       },
 *     };
 *   },
 * });
 * @throws EnvironmentDefinitionError naming the field that is wrong.
 */
export function defineEnvironment(own: OwnDefinition): EnvironmentDefinition {
  return adaptDefinition(own, typeof own?.id === 'string' ? `Environment ${own.id}` : 'An environment');
}

/** The definition that `value` is or describes. `what` starts the sentence of an error. */
export function adaptDefinition(value: unknown, what: string): EnvironmentDefinition {
  if (typeof value === 'object' && value !== null && adapted in value) {
    return value as unknown as EnvironmentDefinition;
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const known = Object.keys(schema.shape);
    throw new EnvironmentDefinitionError(issueSentence(what, 'field', parsed.error, known));
  }
  const own = value as OwnDefinition;
  const observationSpace = takeSpace(own.observationSpace, `${what}, field observationSpace`);
  const actionSpace = takeSpace(own.actionSpace, `${what}, field actionSpace`);
  if (actionSpace.kind !== 'discrete') {
    throw new EnvironmentDefinitionError(
      `${what}, field actionSpace: it must be discrete, as in discrete(4).`,
    );
  }
  const definition: EnvironmentDefinition = {
    id: own.id,
    observationSpace,
    actionSpace,
    maxEpisodeSteps: own.maxEpisodeSteps ?? null,
    solvedReturn: own.solvedReturn ?? null,
    summary: own.summary ?? '',
    create: (random) => new Adapted(own.create(random), observationSpace),
  };
  // Not enumerable: a copy of the definition with another `create` is not adapted yet.
  return Object.defineProperty(definition, adapted, { value: true });
}

/** A space that may be a plain object, with `box`'s defaults. */
function takeSpace(value: Space, what: string): Space {
  try {
    if (value?.kind === 'box') return box(value);
  } catch (cause) {
    throw new EnvironmentDefinitionError(`${what}: ${(cause as Error).message}`, { cause });
  }
  const problem = spaceProblem(value);
  if (problem !== null) throw new EnvironmentDefinitionError(`${what}: ${problem}.`);
  return value;
}

/** A user's environment behind the interface of ours. What it throws is placed by `createEnvironment`. */
class Adapted implements Environment {
  readonly #own: OwnEnvironment;
  readonly #space: Space;
  readonly #size: number;
  readonly setState?: (state: readonly number[], observation: ObservationArray) => void;

  constructor(own: OwnEnvironment, space: Space) {
    for (const method of ['reset', 'step'] as const) {
      if (!isFunction(own?.[method])) throw new TypeError(`create must return an object with ${method}().`);
    }
    this.#own = own;
    this.#space = space;
    this.#size = observationSize(space);
    if (own.setState !== undefined) {
      this.setState = (state, observation) => this.#write(own.setState?.(state), observation, 'setState');
    }
  }

  reset(observation: ObservationArray): void {
    this.#write(this.#own.reset(), observation, 'reset');
  }

  step(action: number, observation: ObservationArray, outcome: StepOutcome): void {
    const result = this.#own.step(action);
    if (typeof result !== 'object' || result === null || !('observation' in result)) {
      throw new TypeError(
        `step returned ${describe(result)}: it must be { observation, reward, terminated, truncated? }.`,
      );
    }
    this.#write(result.observation, observation, 'step');
    outcome.reward = result.reward;
    outcome.terminated = result.terminated;
    outcome.truncated = result.truncated ?? false;
  }

  close(): void {
    this.#own.close?.();
  }

  #write(value: OwnObservation | undefined, observation: ObservationArray, method: string): void {
    const dtype = observationDType(this.#space);
    if (typeof value === 'number' && this.#size === 1) {
      this.#put(value, 0, observation);
      return;
    }
    if (typeof value !== 'object' || value === null || typeof value.length !== 'number') {
      throw new TypeError(
        `${method} gave ${describe(value)} as the observation: it must be ` +
          (this.#size === 1 ? `a number (${dtype}).` : `an array of ${this.#size} numbers (${dtype}).`),
      );
    }
    if (value.length !== this.#size) {
      throw new TypeError(
        `the observation has ${value.length} elements: shape [${observationShape(this.#space)}] has ${this.#size}.`,
      );
    }
    for (let i = 0; i < this.#size; i++) this.#put(value[i], i, observation);
  }

  #put(x: number, i: number, observation: ObservationArray): void {
    const dtype = observationDType(this.#space);
    // NaN and infinity are told of by createEnvironment, for every environment that is not ours.
    if (typeof x !== 'number' || (!isFloating(dtype) && !fits(x, dtype))) {
      throw new TypeError(
        `element ${i} of the observation is ${describe(x)}: it must be a number of ${dtype}.`,
      );
    }
    observation[i] = x;
  }
}

function describe(value: unknown): string {
  if (value instanceof Promise) return 'a promise';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
