/** What becomes of each step's reward before returns are made of it: clip(r, ±largest)·scale. The replay keeps r itself. */
export interface RewardShaping {
  /** Infinity: none is clipped. */
  readonly largest: number;
  readonly scale: number;
}

/** A configuration's rewards; undefined: they stay as they are. */
export function rewardShaping({
  rewardClip = null,
  rewardScale = 1,
}: {
  readonly rewardClip?: number | null;
  readonly rewardScale?: number;
}): RewardShaping | undefined {
  if (rewardClip === null && rewardScale === 1) return undefined;
  return { largest: rewardClip ?? Number.POSITIVE_INFINITY, scale: rewardScale };
}

/** A transition: its return reaches over `nSteps` steps, fewer where the episode ends. */
export interface TransitionUnit {
  readonly kind: 'transition';
  readonly nSteps: number;
  /** Absent: rewards stay as they are. */
  readonly rewards?: RewardShaping;
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
  /** Absent: rewards stay as they are. */
  readonly rewards?: RewardShaping;
}

/**
 * A chunk of texts, with what its agent had read before it. Batches have rows of one length, and about so many tokens whatever
 * that is.
 */
export interface DialogueUnit {
  readonly kind: 'dialogue';
  /** Tokens of a batch, padding included. */
  readonly batchTokens: number;
  /** What γ is applied once for: each token of the agent, or each of its utterances. */
  readonly discountPer: 'token' | 'turn';
  /** Absent: rewards stay as they are. */
  readonly rewards?: RewardShaping;
}

/** What a sampled place expands into: a row of a batch. */
export type SampleUnit = StepUnit | DialogueUnit;

/** A row whose states are observations. */
export type StepUnit = TransitionUnit | SequenceUnit;

/** Rewards as they are, to the bit. */
const NO_SHAPING: RewardShaping = { largest: Number.POSITIVE_INFINITY, scale: 1 };

/** What a step's reward counts as. */
export function shapeReward(reward: number, { largest, scale }: RewardShaping = NO_SHAPING): number {
  return Math.max(-largest, Math.min(largest, reward)) * scale;
}

/** Steps that a batch of so many rows is taken to train on. */
export function trainedSteps(unit: SampleUnit, rows: number): number {
  // Each has some of the environment's tokens, and some padding.
  if (unit.kind === 'dialogue') return Math.ceil(unit.batchTokens / 2);
  return rows * (unit.kind === 'sequence' ? unit.length : 1);
}

/**
 * Checks the numbers of a unit.
 * @throws RangeError naming the field that is no such number.
 */
export function checkUnit(unit: SampleUnit): void {
  const { largest, scale } = unit.rewards ?? NO_SHAPING;
  if (!(largest > 0)) throw new RangeError(`rewards.largest is a number above 0, not ${largest}.`);
  if (!(scale > 0 && Number.isFinite(scale)))
    throw new RangeError(`rewards.scale is a number above 0, not ${scale}.`);
  const check = (name: string, value: number, least: number, most: number) => {
    if (!Number.isInteger(value) || value < least || value > most)
      throw new RangeError(`${name} is an integer from ${least} up${range(most)}, not ${value}.`);
  };
  if (unit.kind === 'dialogue') {
    check('batchTokens', unit.batchTokens, 1, Number.POSITIVE_INFINITY);
    return;
  }
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
