import { Random } from '@qfleet/random';
import { type Layout, makeSequenceBatch, type SequenceBatch, type TransitionBatch } from '@qfleet/replay';
import { loadTensor } from '@qfleet/tensor';
import { describe, expect, it } from 'vitest';
import { agentMemory } from '../src/index.ts';
import { ValueAgent } from '../src/value/agent.ts';
import { drawBatch, Lcg } from './batches.ts';
import { dqnConfig } from './dqn-config.ts';

const ROWS = 4;
const [BURN_IN, LENGTH, UNITS] = [2, 4, 5];
const spec: Layout = { frames: 1, shape: [4], dtype: 'float32', actions: 3, masked: true };
const lstm = {
  network: { kind: 'mlp', hidden: [8, 6], dueling: true, core: { kind: 'lstm', units: UNITS } },
  sequence: { burnIn: BURN_IN, length: LENGTH, stride: 2 },
  nSteps: 3,
};
const iqn = { kind: 'iqn', samples: 4, targetSamples: 5, actingSamples: 8, cosines: 16 };

/** Members of the family that are trained on sequences without a line of their own about it. */
const members: Record<string, Record<string, unknown>> = {
  expected: { valueRescaling: 1e-3 },
  'munchausen-dqn with cql': { doubleQ: false, munchausen: {}, cql: {} },
  'c51, max': { objective: { kind: 'c51', atoms: 11, low: -3, high: 3 }, doubleQ: false },
  'hl-gauss': { objective: { kind: 'hl-gauss', bins: 11, low: -3, high: 3 } },
  qr: { objective: { kind: 'qr', quantiles: 9 } },
  iqn: { objective: iqn },
  noisy: { network: { ...lstm.network, noisy: {} } },
  'layer norm, of normalized observations': {
    network: { ...lstm.network, layerNorm: true },
    normalized: true,
  },
};

/** A batch of sequences, some of which are cut at either end, with numbers at random in all other places. */
function drawSequences(random: Random): SequenceBatch {
  const columns = [
    { name: 'mask', dtype: 'uint8', shape: [3], cadence: 'state' },
    ...['lstm/hidden', 'lstm/cell'].map((name) => ({
      name,
      dtype: 'float32',
      shape: [UNITS],
      cadence: 'chunk',
    })),
  ] as Layout['columns'];
  const unit = { kind: 'sequence', ...lstm.sequence } as const;
  const batch = makeSequenceBatch(unit, ROWS, { ...spec, ...(columns ? { columns } : {}) });
  const steps = BURN_IN + LENGTH;
  for (const values of [
    batch.observations,
    batch.rewards,
    batch.columns['lstm/hidden'],
    batch.columns['lstm/cell'],
  ])
    for (let i = 0; i < values!.length; i++) values![i] = random.normal();
  batch.columns['mask']!.fill(1);
  batch.weights.forEach((_, i) => {
    batch.weights[i] = random.uniform();
  });
  for (let row = 0; row < ROWS; row++) {
    const first = random.integer(BURN_IN + 1);
    const end = BURN_IN + 1 + random.integer(LENGTH);
    for (let step = first; step < end; step++) {
      const at = row * steps + step;
      batch.valid[at] = 1;
      batch.actions[at] = random.integer(3);
      batch.discounts[at] = step === end - 1 && random.uniform() < 0.5 ? 0 : 0.9;
      batch.columns['mask']![(row * (steps + 1) + step) * 3 + ((batch.actions[at] + 1) % 3)] = 0;
    }
  }
  return batch;
}

/** The same with other numbers in all places that are not there. */
function disturbed(batch: SequenceBatch): SequenceBatch {
  const steps = BURN_IN + LENGTH;
  const other = structuredClone(batch);
  for (let row = 0; row < ROWS; row++) {
    for (let step = 0; step <= steps; step++) {
      const at = row * steps + step;
      const isStep = step < steps && batch.valid[at] === 1;
      const isAfter = step > 0 && batch.valid[at - 1] === 1;
      if (step < steps && !isStep) other.actions[at] = 2;
      if (isStep || isAfter) continue;
      other.observations.fill(7, (row * (steps + 1) + step) * 4, (row * (steps + 1) + step + 1) * 4);
    }
  }
  return other;
}

describe.each(Object.entries(members))('sequences: %s', (_name, { normalized, ...fields }) => {
  const config = dqnConfig({ ...lstm, batchSize: ROWS, updatesPerCall: 2, learningRate: 3e-3, ...fields });
  const seen = normalized ? { ...spec, normalized: true } : spec;
  const given = { config, spec: seen, seed: 3, totalUpdates: 100 };

  it('are the same compiled and op by op, and go on from a state bit for bit', async () => {
    const runtime = await loadTensor();
    const agents = [new ValueAgent(runtime, given), new ValueAgent(runtime, { ...given, eager: true })];
    const priorities = agents.map(() => new Float32Array(2 * ROWS));
    const numbers = agents.map((agent, i) => {
      const random = new Random(9);
      return agent.update([drawSequences(random), drawSequences(random)], priorities[i]!).numbers;
    });
    expectClose(Object.values(numbers[0]!), Object.values(numbers[1]!));
    expectClose(priorities[0]!, priorities[1]!);
    const state = agents[0]!.state();
    for (const [name, { data }] of agents[1]!.state()) expectClose(state.get(name)!.data, data);

    const random = new Random(4);
    const batches = [drawSequences(random), drawSequences(random)];
    const second = new ValueAgent(runtime, given);
    second.restore(state);
    second.update(batches, priorities[1]!);
    agents[0]!.update(batches, priorities[0]!);
    expect(priorities[1]).toEqual(priorities[0]);
    expect(second.state()).toEqual(agents[0]!.state());
    for (const agent of [...agents, second]) agent.dispose();
  });

  it('learn nothing from what is not there', async () => {
    const runtime = await loadTensor();
    const learned = [(batch: SequenceBatch) => batch, disturbed].map((change) => {
      const agent = new ValueAgent(runtime, given);
      const random = new Random(6);
      const priorities = new Float32Array(2 * ROWS);
      agent.update([drawSequences(random), drawSequences(random)].map(change), priorities);
      const parameters = agent.parameters();
      agent.dispose();
      return { parameters, priorities };
    });
    expect(learned[1]).toEqual(learned[0]);
  });
});

describe('sequences', () => {
  const box: Layout = { frames: 1, shape: [4], dtype: 'float32', actions: 3 };
  it.each([
    ['plain', {}, box],
    ['noisy', { noisy: { sigma: 2 } }, box],
    ['of normalized observations', {}, { ...box, normalized: true }],
  ] as const)('of one step, without a memory, are transitions: %s', async (_name, layers, box) => {
    const runtime = await loadTensor();
    const plain = { network: { kind: 'mlp', hidden: [8], ...layers }, batchSize: 16, updatesPerCall: 1 };
    const sequence = { burnIn: 0, length: 1, stride: 1 };
    const agents = [dqnConfig(plain), dqnConfig({ ...plain, sequence })].map(
      (config) => new ValueAgent(runtime, { config, spec: box, seed: 1, totalUpdates: null }),
    );
    const lcg = new Lcg(3);
    for (let update = 0; update < 20; update++) {
      const batch = drawBatch(lcg, box, 16);
      const [one, other] = [new Float32Array(16), new Float32Array(16)];
      agents[0]!.update([batch], one);
      agents[1]!.update([oneStep(batch)], other);
      expectClose(other, one);
    }
    const [first, second] = agents.map((agent) => agent.parameters());
    for (const [name, { data }] of first!) expectClose(second!.get(name)!.data, data);
    for (const agent of agents) agent.dispose();
  });

  it('come with what their policies remember', () => {
    const memory = agentMemory({ config: dqnConfig(lstm), spec });
    expect(memory.map(({ name, shape, cadence }) => [name, shape, cadence])).toEqual([
      ['lstm/hidden', [UNITS], 'chunk'],
      ['lstm/cell', [UNITS], 'chunk'],
    ]);
    expect(agentMemory({ config: dqnConfig(), spec })).toEqual([]);
  });
});

/** A batch of transitions as sequences of a step. */
function oneStep(batch: TransitionBatch): SequenceBatch {
  const { size, observations, nextObservations, actions, returns, discounts, weights, handles } = batch;
  const both = new Float32Array(2 * size * 4);
  for (let row = 0; row < size; row++) {
    both.set(observations.subarray(4 * row, 4 * row + 4) as Float32Array, 8 * row);
    both.set(nextObservations.subarray(4 * row, 4 * row + 4) as Float32Array, 8 * row + 4);
  }
  return {
    ...{ size, observations: both, actions, rewards: returns, discounts, weights, handles, columns: {} },
    valid: new Float32Array(size).fill(1),
    begins: new Int32Array(size),
  };
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) expect(Math.abs(actual[i]! - expected[i]!)).toBeLessThan(1e-5);
}
