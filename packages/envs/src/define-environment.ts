import type { Random } from '@qfleet/random';
import { type Discrete, describe, type ObservationArray, unknownName } from '@qfleet/spaces';
import { z } from 'zod';
import { isAdapted, markAdapted } from './adapted.ts';
import { completeSpace, type OwnSpace } from './composite.ts';
import type { DrawingContext } from './drawing/canvas.ts';
import type { Environment, EnvironmentDefinition, StepOutcome } from './environment.ts';
import { ContractError, EnvironmentDefinitionError } from './errors.ts';
import { issueSentence } from './issues.ts';
import { type OwnAction, type OwnActionSpace, type OwnActions, takeActions } from './own-actions.ts';
import type { StepInfo } from './step-info.ts';
import { ObservationWriter, type OwnObservation } from './write-observation.ts';

/** What a step of a user's environment returns: Gymnasium's tuple, by name. */
export interface OwnStep {
  observation: OwnObservation;
  reward: number;
  /** The episode reached a terminal state. */
  terminated: boolean;
  /** The episode is cut for another reason; `maxEpisodeSteps` is applied without it. */
  truncated?: boolean;
  /** Numbers in it, and true and false, become metrics: of each episode, the last under each name. */
  info?: StepInfo;
}

/** One copy of a user's environment. */
export interface OwnEnvironment<S extends OwnActionSpace = Discrete> {
  reset(): OwnObservation;
  /** Takes an action of the action space: a list of numbers where that is a MultiDiscrete. */
  step(action: OwnAction<S>): OwnStep;
  /** Which actions are allowed in the current state: true or 1 for each that is. A list's last number counts fastest. */
  mask?(): ArrayLike<number | boolean>;
  /** Takes an internal state for `qfleet env trace`, and returns the observation. */
  setState?(state: readonly number[]): OwnObservation;
  /** The internal state, for `draw` and `qfleet env trace`. */
  getState?(): unknown;
  close?(): void;
}

/** A user's environment, as a module's default export gives it. */
export interface OwnDefinition<S extends OwnActionSpace = Discrete> {
  id: string;
  /** A dict or tuple is flattened into one vector, as Gymnasium's `flatten_space` does. */
  observationSpace: OwnSpace;
  /** A MultiDiscrete has an action for each of its lists, at most 1,024. */
  actionSpace: S;
  /** Whether its copies have `mask()`. */
  masked?: boolean;
  maxEpisodeSteps?: number | null;
  solvedReturn?: number | null;
  summary?: string;
  /** Makes a copy. All randomness must come from `random`, so that a seed gives the same run again. */
  create(random: Random): OwnEnvironment<S>;
  /**
   * Draws a state for `qfleet watch` and `qfleet record` on a canvas, whose size it takes from `context.canvas`.
   *
   * @param state what `getState` of a copy tells; where it has none, the observation as an array of numbers.
   */
  draw?(context: DrawingContext, state: unknown): void;
}

const isFunction = (value: unknown): boolean => typeof value === 'function';

const schema = z.strictObject({
  id: z.string().min(1),
  observationSpace: z.unknown(),
  actionSpace: z.unknown(),
  masked: z.boolean().optional(),
  maxEpisodeSteps: z.int().min(1).nullish(),
  solvedReturn: z.number().nullish(),
  summary: z.string().optional(),
  create: z.custom(isFunction, 'it must be a function (random) => environment'),
  draw: z.custom(isFunction, 'it must be a function (context, state) => void').optional(),
});

/**
 * An environment of one's own, in the shape of Gymnasium's; `createEnvironment` checks each of its steps.
 *
 * @throws EnvironmentDefinitionError naming the field that is wrong.
 * @example
 * const corridor = defineEnvironment({
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
 * corridor.observationSpace.shape; // → [1]
 * // In a module that `train` or a configuration names: export default corridor;
 */
export function defineEnvironment<S extends OwnActionSpace>(own: OwnDefinition<S>): EnvironmentDefinition {
  return adaptDefinition(own, typeof own?.id === 'string' ? `Environment ${own.id}` : 'An environment');
}

/** The definition that `value` is or describes. `what` starts the sentence of an error. */
export function adaptDefinition(value: unknown, what: string): EnvironmentDefinition {
  if (isAdapted(value)) return value;
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const known = Object.keys(schema.shape);
    throw new EnvironmentDefinitionError(issueSentence(what, 'field', parsed.error, known, value));
  }
  const own = value as OwnDefinition<OwnActionSpace>;
  const observationSpace = taken(completeSpace, own.observationSpace, `${what}, field observationSpace`);
  const writer = new ObservationWriter(observationSpace);
  const actions = taken(takeActions, own.actionSpace, `${what}, field actionSpace`);
  const definition: EnvironmentDefinition = {
    id: own.id,
    observationSpace: writer.flat,
    actionSpace: actions.space,
    ...(own.masked ? { masked: true } : {}),
    maxEpisodeSteps: own.maxEpisodeSteps ?? null,
    solvedReturn: own.solvedReturn ?? null,
    summary: own.summary ?? '',
    create: (random) => new Adapted(own.create(random), writer, actions, own.masked === true),
    ...(own.draw ? { draw: (context, state) => own.draw!(context, state) } : {}),
  };
  return markAdapted(definition);
}

/** What `take` makes of a field, whose name `what` ends with. */
function taken<T>(take: (value: unknown) => T, value: unknown, what: string): T {
  try {
    return take(value);
  } catch (cause) {
    throw new EnvironmentDefinitionError(`${what}: ${(cause as Error).message}`, { cause });
  }
}

const stepFields = ['observation', 'reward', 'terminated', 'truncated', 'info'];

/** A user's environment behind the interface of ours. `createEnvironment` adds the place to what it throws. */
class Adapted implements Environment {
  readonly #own: OwnEnvironment<OwnActionSpace>;
  readonly #toOwn: OwnActions['toOwn'];
  readonly #writer: ObservationWriter;
  readonly setState?: (state: unknown, observation: ObservationArray) => void;
  readonly getState?: () => unknown;

  constructor(
    own: OwnEnvironment<OwnActionSpace>,
    writer: ObservationWriter,
    actions: OwnActions,
    masked: boolean,
  ) {
    for (const method of ['reset', 'step'] as const) {
      if (!isFunction(own?.[method])) {
        throw new ContractError(`create must return an object with ${method}().`);
      }
    }
    if (masked !== isFunction(own.mask)) {
      throw new ContractError(
        masked
          ? 'the definition says masked, so create must return an object with mask().'
          : 'create returned an object with mask(): write masked: true in the definition.',
      );
    }
    this.#own = own;
    this.#toOwn = actions.toOwn;
    this.#writer = writer;
    if (own.getState !== undefined) this.getState = () => own.getState!();
    if (own.setState !== undefined) {
      this.setState = (state, observation) => {
        if (!Array.isArray(state) || !state.every(Number.isFinite)) {
          throw new ContractError('a state is a list of finite numbers.');
        }
        writer.write(own.setState?.(state), observation, 'setState');
      };
    }
  }

  reset(observation: ObservationArray): void {
    this.#writer.write(this.#own.reset(), observation, 'reset');
  }

  step(action: number, observation: ObservationArray, outcome: StepOutcome): void {
    const result = this.#own.step(this.#toOwn(action));
    if (typeof result !== 'object' || result === null || !('observation' in result)) {
      throw new ContractError(
        `step returned ${describe(result)}: it must be { observation, reward, terminated, truncated?, info? }.`,
      );
    }
    for (const field in result) {
      if (field !== 'observation' && field !== 'reward' && field !== 'terminated' && field !== 'truncated') {
        if (field === 'info') continue;
        throw new ContractError(unknownName('what step returns', 'field', field, stepFields));
      }
    }
    this.#writer.write(result.observation, observation, 'step');
    outcome.reward = result.reward;
    outcome.terminated = result.terminated;
    outcome.truncated = result.truncated ?? false;
    const { info } = result;
    if (info === undefined || info === null) return;
    if (typeof info !== 'object') throw new ContractError(`info is ${describe(info)}: it must be an object.`);
    outcome.info = info;
  }

  mask(mask: Uint8Array): void {
    const given = this.#own.mask!();
    if (typeof given !== 'object' || given === null || given.length !== mask.length) {
      throw new ContractError(
        `mask returned ${typeof given === 'object' && given !== null ? `${given.length} values` : describe(given)}: it ` +
          `must be ${mask.length}, one for each action.`,
      );
    }
    for (let action = 0; action < mask.length; action++) {
      const allowed = given[action];
      if (allowed !== 0 && allowed !== 1 && allowed !== true && allowed !== false) {
        throw new ContractError(
          `element ${action} of the mask is ${describe(allowed)}: it must be 0, 1, true or false.`,
        );
      }
      mask[action] = Number(allowed);
    }
  }

  close(): void {
    this.#own.close?.();
  }
}
