import { Random } from '@qfleet/random';
import { allocateObservations, type ObservationArray } from '@qfleet/spaces';
import { z } from 'zod';
import { createEnvironment } from './create-environment.ts';
import type { EnvironmentDefinition, StepOutcome } from './environment.ts';
import { EnvironmentDefinitionError, EnvironmentError } from './errors.ts';
import { issueSentence } from './issues.ts';

/** What an environment gave: T steps, and the T + 1 observations around them, a discrete one as `[n]`. */
export interface EnvironmentTrace {
  readonly observations: number[][];
  readonly rewards: number[];
  readonly terminated: boolean[];
  readonly truncated: boolean[];
}

/**
 * Plays given actions, to hold an environment against another implementation. Observations are exactly what
 * an agent sees (float32 widened). The trace ends with the episode: actions beyond its last step are not
 * taken, so `rewards` may be shorter than `actions`.
 *
 * @param input `{ state, actions }` starts from an internal state (float64; see each environment), with seed
 *   0 for what is random after it; `{ seed, actions }` from a reset.
 * @throws EnvironmentDefinitionError when the input is not of that form or does not fit the environment;
 *   EnvironmentError when the environment itself fails.
 */
export function traceEnvironment(definition: EnvironmentDefinition, input: unknown): EnvironmentTrace {
  const { state, seed, actions } = parse(definition, input);
  const environment = createEnvironment(definition, new Random(seed ?? 0));
  const observation = allocateObservations(definition.observationSpace);
  const outcome: StepOutcome = { reward: 0, terminated: false, truncated: false };
  try {
    if (state === undefined) environment.reset(observation);
    else setState(() => environment.setState?.(state, observation));
    const trace: EnvironmentTrace = {
      observations: [finite(observation, 0)],
      rewards: [],
      terminated: [],
      truncated: [],
    };
    for (const action of actions) {
      environment.step(action, observation, outcome);
      trace.observations.push(finite(observation, trace.observations.length));
      trace.rewards.push(outcome.reward);
      trace.terminated.push(outcome.terminated);
      trace.truncated.push(outcome.truncated);
      if (outcome.terminated || outcome.truncated) break;
    }
    return trace;
  } finally {
    environment.close?.();
  }
}

/** A copy of an observation, which JSON can hold. Ours are trusted while they train, not from just any state. */
function finite(observation: ObservationArray, step: number): number[] {
  const copy = [...observation];
  const wrong = copy.findIndex((value) => !Number.isFinite(value));
  if (wrong < 0) return copy;
  throw new EnvironmentDefinitionError(
    `After ${step} steps element ${wrong} of the observation is ${copy[wrong]}: start from a smaller state.`,
  );
}

/** A state that the environment refuses is the caller's mistake. */
function setState(run: () => void): void {
  try {
    run();
  } catch (cause) {
    if (cause instanceof EnvironmentError) throw new EnvironmentDefinitionError(cause.message, { cause });
    throw cause;
  }
}

function parse(definition: EnvironmentDefinition, input: unknown) {
  const { n } = definition.actionSpace;
  const schema = z.strictObject({
    state: z.array(z.number()).optional(),
    seed: z.int().min(0).max(0xffffffff).optional(),
    actions: z.array(
      z
        .int()
        .min(0)
        .max(n - 1),
    ),
  });
  const parsed = schema.safeParse(input);
  if (!parsed.success) {
    const known = Object.keys(schema.shape);
    const sentence = issueSentence(`A trace of ${definition.id}`, 'field', parsed.error, known, input);
    throw new EnvironmentDefinitionError(sentence);
  }
  if ((parsed.data.state === undefined) === (parsed.data.seed === undefined)) {
    throw new EnvironmentDefinitionError(
      `A trace of ${definition.id} starts from a state or from a seed: give one of them.`,
    );
  }
  return parsed.data;
}
