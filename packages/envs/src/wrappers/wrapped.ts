import type { ObservationArray } from '@qfleet/spaces';
import type { Frame } from '../drawing/frame.ts';
import type { Picture } from '../drawing/picture.ts';
import type { Environment, EnvironmentDefinition, StepOutcome } from '../environment.ts';

/** An environment around another one: what is not `step` is the inner one's, and what that lacks it lacks. */
export abstract class Wrapped implements Environment {
  protected readonly inner: Environment;
  readonly mask?: (mask: Uint8Array) => void;
  readonly seed?: (seed: number) => void;
  readonly setState?: (state: unknown, observation: ObservationArray) => void;
  readonly getState?: () => unknown;
  readonly picture?: () => Picture | undefined;
  readonly frame?: () => Frame;
  readonly resetWith?: (draws: unknown, observation: ObservationArray) => void;

  constructor(inner: Environment) {
    this.inner = inner;
    if (inner.mask !== undefined) this.mask = (mask) => inner.mask!(mask);
    if (inner.seed !== undefined) this.seed = (seed) => inner.seed!(seed);
    if (inner.getState !== undefined) this.getState = () => inner.getState!();
    if (inner.picture !== undefined) this.picture = () => inner.picture!();
    if (inner.frame !== undefined) this.frame = () => inner.frame!();
    if (inner.setState !== undefined) {
      this.setState = (state, observation) => {
        inner.setState!(state, this.target(observation));
        this.begin(observation);
      };
    }
    if (inner.resetWith !== undefined) {
      this.resetWith = (draws, observation) => {
        inner.resetWith!(draws, this.target(observation));
        this.begin(observation);
      };
    }
  }

  reset(observation: ObservationArray): void {
    this.inner.reset(this.target(observation));
    this.begin(observation);
  }

  abstract step(action: number, observation: ObservationArray, outcome: StepOutcome): void;

  close(): void {
    this.inner.close?.();
  }

  /** Where the inner environment writes an episode's first observation: the caller's array, where the spaces are the same. */
  protected target(observation: ObservationArray): ObservationArray {
    return observation;
  }

  /** Called when an episode has begun, and its first observation lies in `target(observation)`. */
  protected abstract begin(observation: ObservationArray): void;
}

/** Tells whether an action is allowed in the current state of `inner`, the copy of `definition` that it is made for. */
export function makeIsAllowed(
  { masked, actionSpace }: EnvironmentDefinition,
  inner: Environment,
): (action: number) => boolean {
  if (!masked) return () => true;
  const mask = new Uint8Array(actionSpace.n);
  return (action) => {
    inner.mask!(mask);
    return mask[action] === 1;
  };
}

/** What holds of a definition and of a wrapper of it; a batched kernel and a transition table are of the inner one alone. */
export function outerFields({
  createVector: _vector,
  transitions: _table,
  ...fields
}: EnvironmentDefinition): Omit<EnvironmentDefinition, 'createVector' | 'transitions'> {
  return fields;
}
