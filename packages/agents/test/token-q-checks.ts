import type { DialogueBatch } from '@qfleet/replay';
import { loadTensor } from '@qfleet/tensor';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { type DialogueSteps, dialogueSteps, type ReturnOptions } from '../src/token-q/dialogue-steps.ts';
import { stateValues, type TokenLossConfig, tokenLoss } from '../src/token-q/objective.ts';

type Nested = number | readonly Nested[];
type Outputs = Readonly<Record<'logits' | 'q1' | 'q2' | 'v', Nested>>;

/** A row of dialogues, as reference/token-q/main.py draws them. */
export interface DrawnRow {
  readonly tokens: readonly number[];
  readonly speakers: readonly number[];
  readonly mask: readonly number[];
  readonly trained: readonly number[];
  readonly rewards: readonly number[];
  readonly end: 'continues' | 'terminated' | 'truncated';
  readonly tail: number;
  readonly weight: number;
}

/** A batch, the networks' outputs of all of its cells, and what PyTorch made of them. */
export interface TokenCase {
  readonly config: TokenLossConfig &
    Omit<ReturnOptions, 'legal' | 'vocabulary'> & { readonly masked: boolean };
  readonly vocabulary: number;
  readonly rows: readonly DrawnRow[];
  readonly online: Outputs;
  readonly target: Outputs;
  /** Logits of the language model that this one is kept near. */
  readonly reference: Nested;
  readonly expected: {
    readonly loss: number;
    readonly priorities: readonly number[];
    readonly gradients: Outputs;
  };
}

/** What reference/token-q/main.py prints. */
export interface TokenReference {
  readonly seed: number;
  readonly cases: Readonly<Record<string, TokenCase>>;
}

/** The rule of what is legal in the reference. */
const legalOf =
  (vocabulary: number) =>
  (prefix: ArrayLike<number>): number[] => {
    const last = prefix.length === 0 ? 0 : prefix[prefix.length - 1]!;
    return [...Array(vocabulary).keys()].filter((token) => (token + 2 * prefix.length + last) % 3 !== 0);
  };

/** Rows as a batch. */
export function batchOf(rows: readonly DrawnRow[]): DialogueBatch {
  const all = (name: 'tokens' | 'speakers' | 'mask' | 'trained' | 'rewards') =>
    rows.flatMap((row) => row[name]);
  const length = rows[0]!.tokens.length;
  return {
    ...{ size: rows.length, length, steps: 0, handles: new Int32Array(rows.length) },
    weights: Float32Array.from(rows.map(({ weight }) => weight)),
    tokens: Int32Array.from(all('tokens')),
    mask: Int32Array.from(all('mask')),
    positions: Int32Array.from(rows.flatMap(() => [...Array(length).keys()])),
    segments: new Int32Array(rows.length * length),
    speakers: Uint8Array.from(all('speakers')),
    trained: Uint8Array.from(all('trained')),
    rewards: Float32Array.from(all('rewards')),
    ends: rows.map(({ end }) => end),
    tails: Float32Array.from(rows.map(({ tail }) => tail)),
  };
}

/** What our side makes of a case: its loss, what each token is off, and the gradient to each of the networks' outputs. */
export async function computed(given: Omit<TokenCase, 'expected'>) {
  const { config, vocabulary, rows, online, target } = given;
  const { tf } = await loadTensor();
  const steps = dialogueSteps(batchOf(rows), {
    ...config,
    ...{ vocabulary, nSteps: config.objective.kind === 'mc' ? null : config.nSteps },
    legal: config.masked ? legalOf(vocabulary) : undefined,
  });
  const names = ['logits', 'q1', 'q2', 'v'] as const;
  return tf.tidy(() => {
    const flat = (x: Nested, name: string) =>
      tf.reshape(tf.tensor(x as number[]), [-1, name === 'v' ? 1 : vocabulary]);
    const picked = tf.tensor1d(steps.picked, 'int32');
    const gathered = (cells: readonly Tensor[]) => {
      const used = config.twin ? names : names.filter((name) => name !== 'q2');
      return stateValues(
        tf,
        Object.fromEntries(
          used.map((name) => [name, tf.gather(cells[names.indexOf(name)] as Tensor2D, picked)]),
        ),
      );
    };
    const tensors = {
      ...tensorsOf(steps, (values, dtype) => tf.tensor1d(values, dtype)),
      legal: steps.legal
        ? (tf.tensor2d(steps.legal, [steps.picked.length, vocabulary], 'int32') as Tensor2D)
        : undefined,
    };
    const frozen = gathered(names.map((name) => flat(target[name], name)));
    const reference = config.reference && {
      logits: tf.gather(flat(given.reference, 'logits') as Tensor2D, picked),
      q: [],
    };
    const others = { target: frozen, reference };
    const lossOf = (cells: readonly Tensor[]) => tokenLoss(tf, config, gathered(cells), others, tensors);
    const cells = names.map((name) => flat(online[name], name));
    const { loss, priorities } = lossOf(cells);
    // The gradient of what a loss does not read is 0.
    const gradients = tf.grads((...of: Tensor[]) =>
      tf.add(lossOf(of).loss, tf.mul(tf.addN(of.map((each) => tf.sum(each))), 0)),
    )(cells);
    const off = [...priorities.dataSync()].filter((_, k) => steps.rows[k]! >= 0);
    return {
      loss: loss.dataSync()[0]!,
      priorities: off,
      gradients: Object.fromEntries(names.map((name, i) => [name, [...gradients[i]!.dataSync()]])),
    };
  });
}

/** The columns of steps as tensors. */
const tensorsOf = (
  { actions, next, returns, discounts, weights }: DialogueSteps,
  make: (values: Int32Array | Float32Array, dtype: 'int32' | 'float32') => Tensor1D,
) => ({
  ...{ actions: make(actions, 'int32'), next: make(next, 'int32') },
  ...{
    returns: make(returns, 'float32'),
    discounts: make(discounts, 'float32'),
    weights: make(weights, 'float32'),
  },
});

/** Holds loss, priorities and gradients to the reference: to 1e-5 of the largest number of each. */
export async function checkTokenCase(given: TokenCase): Promise<void> {
  const { expected } = given;
  const { loss, priorities, gradients } = await computed(given);
  expectClose([loss], [expected.loss], 'loss');
  expectClose(priorities, expected.priorities, 'priorities');
  for (const [name, gradient] of Object.entries(expected.gradients))
    expectClose(gradients[name]!, flat(gradient), name);
}

const flat = (x: Nested): number[] => (typeof x === 'number' ? [x] : x.flatMap(flat));

function expectClose(actual: readonly number[], expected: readonly number[], what: string): void {
  expect(actual.length, what).toBe(expected.length);
  const largest = Math.max(...expected.map(Math.abs), 1e-5);
  for (const [i, x] of expected.entries())
    expect(Math.abs(actual[i]! - x) / largest, `${what} ${i}: ${actual[i]} for ${x}`).toBeLessThan(1e-5);
}
