import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import type { TensorFlow } from '../runtime.ts';
import { replaceGradient } from './replace.ts';

/** A tensor with the label of each of its dimensions. */
interface Term {
  readonly labels: string;
  readonly tensor: Tensor;
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** Einsum's gradient, by einsums of its own: for any labels, repeated ones and `...`, of one input or two. */
export function einsumGradient(tf: TensorFlow): void {
  replaceGradient(tf, {
    kernelName: tf.Einsum,
    saveAllInputs: true,
    gradFunc: (dy, inputs, attributes: NamedAttrMap) => {
      const { terms, output } = parse((attributes as { equation: string }).equation, inputs);
      const result = { labels: output, tensor: dy as Tensor };
      return Object.fromEntries(
        terms.map((term, i) => {
          const others = terms.filter((_, j) => j !== i);
          return [i, () => gradientOf(tf, term, others, result)];
        }),
      );
    },
  });
}

/** The terms of an equation, with a label for each dimension that `...` stands for. */
function parse(equation: string, inputs: readonly Tensor[]): { terms: Term[]; output: string } {
  const [left, right] = equation.split('->') as [string, string];
  const given = left.split(',');
  const counts = given.map((labels, i) => inputs[i]!.rank - labels.replace('...', '').length);
  const most = Math.max(...counts);
  const free = [...LETTERS].filter((each) => !equation.includes(each)).slice(0, most);
  const named = (labels: string, count: number) => labels.replace('...', free.slice(most - count).join(''));
  return {
    terms: given.map((labels, i) => ({ labels: named(labels, counts[i]!), tensor: inputs[i]! })),
    output: named(right, most),
  };
}

function gradientOf(tf: TensorFlow, term: Term, others: readonly Term[], result: Term): Tensor {
  const lengths = lengthsOf([term, ...others, result]);
  const own = lengthsOf([term]);
  const unique = [...own.keys()];
  const factors = [result, ...others.map((each) => withoutBroadcast(tf, each, lengths))];
  // What the term was broadcast along is summed; what was summed of it alone is spread.
  const kept = unique.filter(
    (label) => own.get(label) === lengths.get(label) && factors.some(({ labels }) => labels.includes(label)),
  );
  const product = tf.einsum(
    `${factors.map(({ labels }) => labels).join(',')}->${kept.join('')}`,
    ...factors.map(({ tensor }) => tensor),
  );
  const spread = unique.map((label) => (kept.includes(label) ? own.get(label)! : 1));
  const whole = tf.broadcastTo(tf.reshape(product, spread), [...own.values()]);
  return ontoDiagonals(tf, { labels: unique.join(''), tensor: whole }, term.labels);
}

/** The greatest length that dimensions of each label have. */
function lengthsOf(terms: readonly Term[]): Map<string, number> {
  const lengths = new Map<string, number>();
  for (const { labels, tensor } of terms) {
    for (const [i, label] of [...labels].entries())
      lengths.set(label, Math.max(lengths.get(label) ?? 0, tensor.shape[i]!));
  }
  return lengths;
}

/** A term without the dimensions along which it was broadcast. */
function withoutBroadcast(
  tf: TensorFlow,
  { labels, tensor }: Term,
  lengths: ReadonlyMap<string, number>,
): Term {
  const stays = [...labels].map((label, i) => tensor.shape[i] === lengths.get(label));
  return {
    labels: [...labels].filter((_, i) => stays[i]).join(''),
    tensor: tf.reshape(
      tensor,
      tensor.shape.filter((_, i) => stays[i]),
    ),
  };
}

/** Spreads a term whose labels differ over `labels`, which may repeat them: what is off their diagonals is 0. */
function ontoDiagonals(tf: TensorFlow, term: Term, labels: string): Tensor {
  let { labels: current, tensor } = term;
  if (labels.length === current.length) return tensor;
  let named = '';
  for (const label of labels) {
    if (!named.includes(label)) {
      named += label;
      continue;
    }
    const other = [...LETTERS].find((each) => !`${labels}${current}`.includes(each))!;
    const unit = tf.eye(tensor.shape[current.indexOf(label)]!);
    tensor = tf.einsum(`${current},${label}${other}->${current}${other}`, tensor, unit);
    current += other;
    named += other;
  }
  return tf.einsum(`${current}->${named}`, tensor);
}
