/** A transition: its return reaches over `nSteps` steps, fewer where the episode ends. */
export interface TransitionUnit {
  readonly kind: 'transition';
  readonly nSteps: number;
}

/**
 * Consecutive steps of one episode: `length` steps to train on and, before them, up to `burnIn` steps that only bring a
 * memory up to date (Kapturowski et al., 2019). A sequence begins at every `stride`-th step of an episode, and at the
 * first step that is there of an episode whose beginning was evicted: so every step is in one.
 */
export interface SequenceUnit {
  readonly kind: 'sequence';
  readonly burnIn: number;
  readonly length: number;
  readonly stride: number;
}

/** What a sampled place expands into: a row of a batch. */
export type SampleUnit = TransitionUnit | SequenceUnit;

/** Steps of a row that are trained on, at most. */
export const trainedSteps = (unit: SampleUnit): number => (unit.kind === 'sequence' ? unit.length : 1);

/**
 * Checks the numbers of a unit.
 * @throws RangeError naming the field that is no such number.
 */
export function checkUnit(unit: SampleUnit): void {
  const check = (name: string, value: number, least: number, most: number) => {
    if (!Number.isInteger(value) || value < least || value > most)
      throw new RangeError(`${name} is an integer from ${least} up${range(most)}, not ${value}.`);
  };
  if (unit.kind === 'transition') {
    check('nSteps', unit.nSteps, 1, Number.POSITIVE_INFINITY);
    return;
  }
  check('burnIn', unit.burnIn, 0, Number.POSITIVE_INFINITY);
  check('length', unit.length, 1, Number.POSITIVE_INFINITY);
  // A longer stride would leave steps out.
  check('stride', unit.stride, 1, unit.length);
}

const range = (most: number): string => (Number.isFinite(most) ? ` to ${most}` : '');
