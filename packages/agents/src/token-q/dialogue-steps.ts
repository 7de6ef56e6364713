import type { DialogueBatch } from '@qfleet/replay';
import { begins, isAgents, SPEAKER } from '@qfleet/replay';

/**
 * The tokens that may come after those since the turn began: a pure function, of which the learner makes the masks of states, so
 * that none is stored.
 */
export type LegalTokens = (prefix: ArrayLike<number>) => readonly number[];

/** How the returns of tokens are made. */
export interface ReturnOptions {
  /** Tokens of the agent whose rewards are summed before the bootstrap; null: all to the episode's end, without one. */
  readonly nSteps: number | null;
  /** γ. */
  readonly discount: number;
  readonly discountPer: 'token' | 'turn';
  readonly vocabulary: number;
  /** Absent: all are legal. */
  readonly legal?: LegalTokens | undefined;
}

/**
 * The tokens of a batch that are trained on, and the states that are valued, in columns. A state is a text up to some token; its
 * features are those of that token. The first `actions.length` states are those in which the tokens were chosen, the others those
 * after the rows, one each. Both are padded, so that few traces do.
 */
export interface DialogueSteps {
  /** int32 [states]: the token at which each state ends, as an index into the tokens of all rows. */
  readonly picked: Int32Array;
  /** int32 [actions]: the tokens that were chosen. */
  readonly actions: Int32Array;
  /** [actions]: the discounted rewards up to the state that is bootstrapped from. */
  readonly returns: Float32Array;
  /** [actions]: γ for what was passed on the way there; 0 after a terminal token. */
  readonly discounts: Float32Array;
  /** int32 [actions]: which of the states that is. */
  readonly next: Int32Array;
  /** [actions]: the row's weight, divided by how many tokens count; 0 for padding. */
  readonly weights: Float32Array;
  /** int32 [actions]: the row of each; −1 for padding. */
  readonly rows: Int32Array;
  /** uint8 [states × vocabulary]: 1 for the tokens that are legal; null: all are. */
  readonly legal: Uint8Array | null;
}

/** Parts of a batch's cells to which the count of its tokens is padded. */
const PARTS = 4;

/** The steps of a batch of dialogues. */
export function dialogueSteps(batch: DialogueBatch, options: ReturnOptions): DialogueSteps {
  const { size, length, trained } = batch;
  const cells = size * length;
  const part = Math.ceil(cells / PARTS);
  let count = 0;
  for (let i = 0; i < cells; i++) count += trained[i];
  const padded = Math.max(part, Math.ceil(count / part) * part);
  const states = padded + size;
  const steps = {
    picked: new Int32Array(states),
    actions: new Int32Array(padded),
    returns: new Float32Array(padded),
    discounts: new Float32Array(padded),
    next: new Int32Array(padded),
    weights: new Float32Array(padded),
    rows: new Int32Array(padded).fill(-1),
    legal: options.legal === undefined ? null : new Uint8Array(states * options.vocabulary).fill(1),
  };
  let first = 0;
  for (let row = 0; row < size; row++) first += writeRow(batch, options, steps, row, first);
  const counted = steps.weights.reduce((sum, weight) => sum + (weight > 0 ? 1 : 0), 0);
  for (let k = 0; k < padded; k++) steps.weights[k] /= Math.max(1, counted);
  return steps;
}

/** Writes the tokens of a row from place `first` on. @returns how many. */
function writeRow(
  batch: DialogueBatch,
  options: ReturnOptions,
  steps: DialogueSteps,
  row: number,
  first: number,
): number {
  const { length, tokens, mask, speakers, trained, rewards, ends, tails, weights } = batch;
  const { discount, discountPer } = options;
  const start = row * length;
  let end = start;
  while (end < start + length && mask[end] === 1) end++;
  const after = steps.actions.length + row;
  steps.picked[after] = end - 1;
  writeLegal(steps, options, after, []);
  const at: number[] = [];
  /** γ for going from each token to the state of the next one. */
  const passed: number[] = [];
  let turn = start;
  let isLegal = true;
  for (let i = start; i < end; i++) {
    if (speakers[i] === SPEAKER.agentBegins) [turn, isLegal] = [i, true];
    if (trained[i] === 0) continue;
    const k = first + at.length;
    const endsTurn = i + 1 === end || begins(speakers[i + 1]) || !isAgents(speakers[i + 1]);
    at.push(i);
    passed.push(discountPer === 'token' || endsTurn ? discount : 1);
    steps.picked[k] = i - 1;
    steps.actions[k] = tokens[i];
    steps.rows[k] = row;
    // What is not legal was never chosen by an agent of this task, and of what comes after it nothing is asked.
    isLegal = isLegal && writeLegal(steps, options, k, tokens.subarray(turn, i), tokens[i]);
    steps.weights[k] = isLegal ? weights[row] : 0;
  }
  const most = options.nSteps ?? Number.POSITIVE_INFINITY;
  for (let k = 0; k < at.length; k++) {
    let [sum, factor, m] = [0, 1, k];
    for (; m < at.length && m - k < most; m++) {
      sum += factor * rewards[at[m]];
      factor *= passed[m];
    }
    const isAtEnd = m === at.length;
    if (options.nSteps === null) sum += factor * tails[row];
    const bootstraps = options.nSteps !== null && !(isAtEnd && ends[row] === 'terminated');
    steps.returns[first + k] = sum;
    steps.discounts[first + k] = bootstraps ? factor : 0;
    steps.next[first + k] = isAtEnd ? after : first + m;
  }
  return at.length;
}

/** Writes which tokens are legal in a state. @returns whether `action` is. */
function writeLegal(
  { legal: masks }: DialogueSteps,
  { legal, vocabulary }: ReturnOptions,
  state: number,
  prefix: ArrayLike<number>,
  action?: number,
): boolean {
  if (masks === null || legal === undefined) return true;
  const tokens = legal(prefix);
  const isLegal = action === undefined || tokens.includes(action);
  // Where nothing is known to be legal, or not what was chosen, the state counts for nothing: it stays open.
  if (tokens.length === 0 || !isLegal) return false;
  masks.fill(0, state * vocabulary, (state + 1) * vocabulary);
  for (const token of tokens) masks[state * vocabulary + token] = 1;
  return true;
}
