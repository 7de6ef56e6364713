import { loadTensor, type TensorFlow, type TensorRecord } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { createObjective } from '../src/objectives/create-objective.ts';
import type { Outputs, TransitionTensors } from '../src/objectives/objective.ts';
import { Lcg } from './batches.ts';
import { dqnConfig } from './dqn-config.ts';

const ROWS = 12;
const ACTIONS = 5;
/** Actions that a mask allows. */
const ALLOWED = 3;
/** What a network says of an action that is not allowed: far above all that are. */
const TEMPTING = 1e4;

const objectives = {
  expected: {},
  c51: { objective: { kind: 'c51', atoms: 7, low: -3, high: 3 } },
  'hl-gauss': { objective: { kind: 'hl-gauss', bins: 7, low: -3, high: 3 } },
  qr: { objective: { kind: 'qr', quantiles: 4 } },
  iqn: { objective: { kind: 'iqn', samples: 3, targetSamples: 4, actingSamples: 5 } },
};
const variants = {
  'the target network’s choice': { doubleQ: false },
  'double Q': { doubleQ: true },
  munchausen: { doubleQ: false, munchausen: { tau: 0.5 } },
};
const cases = Object.entries(objectives).flatMap(([name, objective]) =>
  Object.entries(variants)
    .filter(([variant]) => !(name === 'c51' && variant === 'munchausen'))
    .flatMap(([variant, fields]) => [
      [`${name}, ${variant}`, { ...objective, ...fields }] as const,
      [`${name}, ${variant}, with cql`, { ...objective, ...fields, cql: { alpha: 0.7 } }] as const,
    ]),
);

/** Numbers [ROWS, ACTIONS], and which of the actions each row's mask allows. */
function draw(lcg: Lcg) {
  const allowed = Array.from({ length: ROWS }, () => {
    const order = Array.from({ length: ACTIONS }, (_, a) => ({ a, by: lcg.uniform() }));
    const chosen = order.sort((x, y) => x.by - y.by).slice(0, ALLOWED);
    return chosen.map(({ a }) => a).sort();
  });
  const values = allowed.map((row) =>
    Array.from({ length: ACTIONS }, (_, a) => (row.includes(a) ? 2 * lcg.uniform() - 1 : TEMPTING)),
  );
  return { allowed, values };
}

const reduced = ({ allowed, values }: ReturnType<typeof draw>): number[][] =>
  values.map((row, i) => allowed[i].map((a) => row[a]));

/** Outputs of a head whose Q(s, a) rises with `values` [rows, actions]. */
function outputsOf(
  tf: TensorFlow,
  kind: string,
  size: number,
  values: Tensor,
  levels?: Tensor,
): TensorRecord {
  const [rows, actions] = values.shape as [number, number];
  if (kind === 'expected') return { values };
  const each = tf.expandDims(values, 2);
  const ranks = tf.reshape(tf.linspace(-1, 1, size), [1, 1, size]);
  if (kind === 'c51' || kind === 'hl-gauss')
    return { logits: tf.mul(tf.minimum(each, 50), tf.tile(ranks, [rows, actions, 1])) };
  const asked = levels ? tf.expandDims(levels, 1) : tf.div(tf.add(ranks, 1), 2);
  return { quantiles: tf.add(each, asked) };
}

describe.each(cases)('%s', (_name, fields) => {
  it('sees of a masked state what it would see if the other actions did not exist', async () => {
    const { tf } = await loadTensor();
    const config = dqnConfig(fields);
    const objective = createObjective(config);
    const { kind } = config.objective;
    const size = kind === 'expected' ? 1 : kind === 'qr' ? 4 : kind === 'iqn' ? 5 : 7;
    const lcg = new Lcg(5);
    const here = draw(lcg);
    const next = draw(lcg);
    const nets = { ...{ online: draw(lcg), target: draw(lcg), before: draw(lcg) } };
    for (const net of [nets.online, nets.target]) Object.assign(net, withMask(net, next.allowed));
    Object.assign(nets.before, withMask(nets.before, here.allowed));
    const taken = here.allowed.map((row) => row[lcg.integer(ALLOWED)]);
    const column = () => Array.from({ length: ROWS }, () => lcg.uniform());
    const [returns, weights, discounts] = [column(), column(), column()];

    const seen = (masked: boolean) =>
      tf.tidy(() => {
        const actions = masked ? ACTIONS : ALLOWED;
        const tensor = (net: ReturnType<typeof draw>) => tf.tensor2d(masked ? net.values : reduced(net));
        const masksOf = (allowed: readonly number[][]) =>
          tf.tensor2d(
            allowed.map((row) => Array.from({ length: ACTIONS }, (_, a) => Number(row.includes(a)))),
            [ROWS, ACTIONS],
            'int32',
          );
        const batch: TransitionTensors = {
          observations: tf.scalar(0),
          nextObservations: tf.scalar(1),
          actions: tf.tensor1d(
            masked ? taken : taken.map((action, row) => here.allowed[row].indexOf(action)),
            'int32',
          ),
          returns: tf.tensor1d(returns),
          discounts: tf.tensor1d(discounts),
          weights: tf.tensor1d(weights),
          ...(masked ? { masks: masksOf(here.allowed), nextMasks: masksOf(next.allowed) } : {}),
        };
        let draws = 0;
        const context = {
          tf,
          actions,
          uniform: (shape: readonly number[]) =>
            tf.mod(
              tf.mul(tf.add(tf.reshape(tf.range(0, shape[0] * shape[1]), [...shape]), ++draws), 0.37),
              1,
            ),
        };
        const says =
          (net: ReturnType<typeof draw>): Outputs =>
          (_states, levels) =>
            outputsOf(tf, kind, size, tensor(net), levels);
        const target: Outputs = (states, levels) =>
          says(states === batch.nextObservations ? nets.target : nets.before)(states, levels);
        const targets = objective.targets(context, says(nets.online), target, batch);
        const lossOf = (values: Tensor) =>
          objective.loss(context, outputsOf(tf, kind, size, values, targets['levels']), targets, batch);
        const said = lossOf(tensor(here));
        const gradient = tf.grad((values) => lossOf(values as Tensor).loss)(tensor(here));
        return {
          loss: said.loss.arraySync(),
          priorities: said.priorities.arraySync() as number[],
          gradient: gradient.arraySync() as number[][],
        };
      });

    const [masked, without] = [seen(true), seen(false)];
    expect(masked.loss).toBeCloseTo(without.loss, 5);
    expectClose(masked.priorities, without.priorities);
    masked.gradient.forEach((row, i) => {
      expectClose(
        here.allowed[i].map((a) => row[a]),
        without.gradient[i],
      );
      for (let a = 0; a < ACTIONS; a++) if (!here.allowed[i].includes(a)) expect(Math.abs(row[a])).toBe(0);
    });
  });
});

/** The same numbers, of states in which other actions are allowed. */
function withMask({ allowed, values }: ReturnType<typeof draw>, masks: readonly number[][]) {
  return {
    allowed: masks.map((row) => [...row]),
    values: masks.map((mask, row) =>
      Array.from({ length: ACTIONS }, (_, a) =>
        mask.includes(a) ? values[row][allowed[row][mask.indexOf(a)]] : TEMPTING,
      ),
    ),
  };
}

function expectClose(found: readonly number[], expected: readonly number[]): void {
  expect(found.length).toBe(expected.length);
  found.forEach((value, i) => {
    expect(Math.abs(value - expected[i])).toBeLessThan(1e-5);
  });
}
