import { allocateObservations, type Box, type ObservationArray, observationSize } from '@qfleet/spaces';
import { markAdapted } from '../adapted.ts';
import type { Environment, EnvironmentDefinition, StepOutcome } from '../environment.ts';
import { EnvironmentDefinitionError } from '../errors.ts';
import { outerFields, Wrapped } from './wrapped.ts';

/**
 * The environment whose observation is its last `n`, at least 1, on a new leading axis: [n, …shape], oldest first, as
 * Gymnasium's `FrameStackObservation` has it. An episode begins with its first observation n times.
 *
 * @throws EnvironmentDefinitionError where `n` is no positive integer, or observations are not of a box.
 */
export function stackFrames(definition: EnvironmentDefinition, n: number): EnvironmentDefinition {
  const { id, observationSpace: space } = definition;
  if (!Number.isSafeInteger(n) || n < 1) {
    throw new EnvironmentDefinitionError(
      `Environment ${id}: a stack has a positive integer of frames, not ${n}.`,
    );
  }
  if (space.kind !== 'box') {
    throw new EnvironmentDefinitionError(
      `Environment ${id}: only observations of a box are stacked, and it has one of ${space.n} integers.`,
    );
  }
  return markAdapted({
    ...outerFields(definition),
    observationSpace: stacked(space, n),
    create: (random) => new FrameStack(definition.create(random), space, n),
  });
}

/** The space of `n` observations of `space`. */
function stacked({ shape, low, high, parts, ...space }: Box, n: number): Box {
  const size = shape.reduce((product, length) => product * length, 1);
  const repeated = <T>(of: (frame: number) => readonly T[]): T[] =>
    Array.from({ length: n }, (_, i) => of(i)).flat();
  const bound = (each: number | readonly number[]) =>
    typeof each === 'number' ? each : repeated(() => each);
  return {
    ...space,
    shape: [n, ...shape],
    low: bound(low),
    high: bound(high),
    ...(parts && {
      parts: repeated((frame) =>
        parts.map((part) => ({ ...part, name: `${frame}.${part.name}`, start: frame * size + part.start })),
      ),
    }),
  };
}

class FrameStack extends Wrapped {
  readonly #size: number;
  /** The stack, oldest first. */
  readonly #frames: ObservationArray;
  /** Its newest frame, into which the inner environment writes. */
  readonly #newest: ObservationArray;

  constructor(inner: Environment, space: Box, n: number) {
    super(inner);
    this.#size = observationSize(space);
    this.#frames = allocateObservations(space, n);
    this.#newest = this.#frames.subarray((n - 1) * this.#size);
  }

  step(action: number, observation: ObservationArray, outcome: StepOutcome): void {
    this.#frames.copyWithin(0, this.#size);
    this.inner.step(action, this.#newest, outcome);
    observation.set(this.#frames);
  }

  protected override target(): ObservationArray {
    return this.#newest;
  }

  protected override begin(observation: ObservationArray): void {
    const size = this.#size;
    for (let at = 0; at < this.#frames.length - size; at += size) this.#frames.set(this.#newest, at);
    observation.set(this.#frames);
  }
}
