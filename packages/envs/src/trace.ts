import { Random } from '@qfleet/random';
import { allocateObservations, type ObservationArray, observationShape } from '@qfleet/spaces';
import { z } from 'zod';
import { createEnvironment } from './create-environment.ts';
import type { Environment, EnvironmentDefinition, StepOutcome } from './environment.ts';
import { EnvironmentDefinitionError, EnvironmentError } from './errors.ts';
import { issueSentence } from './issues.ts';
import type { EnvironmentOptions } from './registry-entry.ts';

/** An observation as lists in lists by its shape: a discrete one is a number, float32 is widened. */
export type NestedObservation = number | NestedObservation[];

/** What an environment gave: its first observation, and T steps. */
export interface EnvironmentTrace {
  /** The observation before the first action. */
  readonly initial: NestedObservation;
  /** [T]: that after each action, before any reset. */
  readonly observations: NestedObservation[];
  readonly rewards: number[];
  readonly terminated: boolean[];
  readonly truncated: boolean[];
  /** [T]: the internal state after each action, where the environment tells it. */
  readonly states?: unknown[];
}

const START = ['seed', 'state', 'draws'] as const;

/** The environment's options in what a trace is asked for with. Whoever makes the definition needs them first. */
export function traceOptions(input: unknown): EnvironmentOptions {
  const options = (input as { options?: unknown } | null)?.options;
  return typeof options === 'object' && options !== null ? (options as EnvironmentOptions) : {};
}

/**
 * Plays given actions, to hold an environment against another implementation.
 *
 * @param definition made with `traceOptions(input)`.
 * @param input `actions`, and one of `seed` (of a reset; an environment with a generator of its own takes it as the package
 *   that it equals does), `state` (each environment has its own) and `draws` (what a reset and later steps take in place of
 *   random numbers); the last two begin with seed 0 for what is random beside. With `autoreset` an episode's end is
 *   followed by a reset; else the trace ends there, and actions beyond are not taken.
 * @throws EnvironmentDefinitionError when the input is not of that form or does not fit the environment;
 *   EnvironmentError when the environment itself fails.
 */
export function traceEnvironment(definition: EnvironmentDefinition, input: unknown): EnvironmentTrace {
  const { actions, autoreset, ...start } = parse(definition, input);
  const environment = createEnvironment(definition, new Random(start.seed ?? 0));
  const observation = allocateObservations(definition.observationSpace);
  const outcome: StepOutcome = { reward: 0, terminated: false, truncated: false };
  const copy = (step: number) => nested(definition, observation, step);
  try {
    begin(environment, start, observation);
    const trace = {
      initial: copy(0),
      observations: [] as NestedObservation[],
      rewards: [] as number[],
      terminated: [] as boolean[],
      truncated: [] as boolean[],
      ...(environment.getState?.() === undefined ? {} : { states: [] as unknown[] }),
    };
    for (const [i, action] of actions.entries()) {
      environment.step(action, observation, outcome);
      trace.observations.push(copy(i + 1));
      trace.rewards.push(outcome.reward);
      trace.terminated.push(outcome.terminated);
      trace.truncated.push(outcome.truncated);
      trace.states?.push(environment.getState?.());
      if (!outcome.terminated && !outcome.truncated) continue;
      if (!autoreset) break;
      environment.reset(observation);
    }
    return trace;
  } finally {
    environment.close?.();
  }
}

interface Start {
  readonly seed?: number | undefined;
  readonly state?: unknown;
  readonly draws?: unknown;
}

/** Begins the episode. A state or draws that the environment refuses are the caller's mistake. */
function begin(environment: Environment, { seed, state, draws }: Start, observation: ObservationArray): void {
  try {
    if (state !== undefined) environment.setState?.(state, observation);
    else if (draws !== undefined) environment.resetWith?.(draws, observation);
    else {
      if (seed !== undefined) environment.seed?.(seed);
      environment.reset(observation);
    }
  } catch (cause) {
    const isGiven = state !== undefined || draws !== undefined;
    if (isGiven && cause instanceof EnvironmentError)
      throw new EnvironmentDefinitionError(cause.message, { cause });
    throw cause;
  }
}

/** A copy that JSON can hold. Native environments are trusted while they train, not from just any state. */
function nested(
  { observationSpace }: EnvironmentDefinition,
  observation: ObservationArray,
  step: number,
): NestedObservation {
  const wrong = observation.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) {
    throw new EnvironmentDefinitionError(
      `After ${step} steps element ${wrong} of the observation is ${observation[wrong]}: start from a smaller state.`,
    );
  }
  let parts: NestedObservation[] = [...observation];
  for (const size of observationShape(observationSpace).toReversed()) {
    parts = Array.from({ length: parts.length / size }, (_, i) => parts.slice(i * size, (i + 1) * size));
  }
  return parts[0];
}

function parse(definition: EnvironmentDefinition, input: unknown) {
  const { n } = definition.actionSpace;
  const schema = z.strictObject({
    actions: z.array(
      z
        .int()
        .min(0)
        .max(n - 1),
    ),
    seed: z.int().min(0).max(0xffffffff).optional(),
    state: z.unknown().optional(),
    draws: z.unknown().optional(),
    options: z.record(z.string(), z.unknown()).optional(),
    autoreset: z.boolean().default(false),
  });
  const parsed = schema.safeParse(input);
  if (!parsed.success) {
    const known = Object.keys(schema.shape);
    const sentence = issueSentence(`A trace of ${definition.id}`, 'field', parsed.error, known, input);
    throw new EnvironmentDefinitionError(sentence);
  }
  const given = START.filter((field) => parsed.data[field] !== undefined);
  if (given.length !== 1) {
    const instead = given.length === 0 ? '' : `, not ${given.join(' and ')}`;
    throw new EnvironmentDefinitionError(
      `A trace of ${definition.id} starts from seed, state or draws: give one of them${instead}.`,
    );
  }
  return parsed.data;
}
