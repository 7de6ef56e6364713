import { valuedNetwork } from '@qfleet/agents';
import { type RunConfig, runSchema } from '@qfleet/config';
import { initialParameters } from '@qfleet/networks';
import { Random } from '@qfleet/random';
import { type Layout, maskColumn } from '@qfleet/replay';
import { type ObservationArray, observationArrays, stateDType, stateSize } from '@qfleet/spaces';
import type { Trained } from '../src/index.ts';

/** What a case has beside the defaults. */
interface Case {
  readonly layout: Layout;
  readonly agent: Record<string, unknown>;
}

const box: Layout = { shape: [5], dtype: 'float32', frames: 1, actions: 3 };
const stacked: Layout = { ...box, shape: [2, 3], frames: 4 };
const discrete: Layout = { shape: [], dtype: 'int32', count: 6, frames: 1, actions: 4 };
const grid: Layout = { shape: [7, 6, 3], dtype: 'uint8', high: 1, frames: 1, actions: 4 };
const pixels: Layout = { shape: [36, 40, 1], dtype: 'uint8', frames: 4, actions: 3 };
const gray: Layout = { shape: [37, 36], dtype: 'float32', frames: 2, actions: 3 };
const small: Layout = { shape: [13, 12, 2], dtype: 'uint8', frames: 2, actions: 3 };
const masked: Layout = { ...box, masked: true, columns: [maskColumn(3)] };

const HEADS: Readonly<Record<string, Record<string, unknown>>> = {
  expected: {},
  c51: { objective: { kind: 'c51', atoms: 11, low: -3, high: 3 } },
  'hl-gauss': { objective: { kind: 'hl-gauss', bins: 11, low: -3, high: 3 } },
  qr: { objective: { kind: 'qr', quantiles: 9 } },
  iqn: { objective: { kind: 'iqn', samples: 4, targetSamples: 5, actingSamples: 8, cosines: 16 } },
};

const lstm = { kind: 'lstm', units: 6 };
const NETWORKS: Readonly<Record<string, readonly [Layout, Record<string, unknown>]>> = {
  mlp: [box, { kind: 'mlp', hidden: [8, 7] }],
  'mlp, dueling': [box, { kind: 'mlp', hidden: [8, 7], dueling: true }],
  'mlp, normalised, noisy': [box, { kind: 'mlp', hidden: [8, 7], layerNorm: true, noisy: {} }],
  'mlp, lstm': [box, { kind: 'mlp', hidden: [8], core: lstm }],
  'mlp, lstm, dueling, masked': [masked, { kind: 'mlp', hidden: [8, 6], dueling: true, core: lstm }],
  'minatar-cnn': [grid, { kind: 'minatar-cnn', filters: 4, hidden: [9] }],
  'minatar-cnn, lstm, normalised': [
    grid,
    { kind: 'minatar-cnn', filters: 4, hidden: [9], core: lstm, layerNorm: true },
  ],
  'nature-cnn': [pixels, { kind: 'nature-cnn', hidden: [8] }],
  'nature-cnn, dueling, lstm, normalised': [
    gray,
    { kind: 'nature-cnn', hidden: [8, 7], dueling: true, layerNorm: true, core: lstm },
  ],
  impala: [small, { kind: 'impala', hidden: [8] }],
  'impala, pooled, spectral, dueling, noisy': [
    small,
    { kind: 'impala', hidden: [8], pool: 3, spectralNorm: true, dueling: true, noisy: {} },
  ],
};

const MORE: Readonly<Record<string, Case>> = {
  'stacked frames': { layout: stacked, agent: { network: { kind: 'mlp', hidden: [8] } } },
  discrete: { layout: discrete, agent: { network: { kind: 'mlp', hidden: [8] } } },
  'one state': { layout: { ...discrete, count: 1 }, agent: { network: { kind: 'mlp', hidden: [8] } } },
  'stacked discrete': {
    layout: { ...discrete, frames: 3 },
    agent: { network: { kind: 'mlp', hidden: [8] } },
  },
  masked: { layout: masked, agent: { network: { kind: 'mlp', hidden: [8] } } },
  normalized: { layout: { ...stacked, normalized: true }, agent: { network: { kind: 'mlp', hidden: [8] } } },
  'half precision': {
    layout: { ...box, dtype: 'float16' },
    agent: { network: { kind: 'mlp', hidden: [8] } },
  },
  integers: { layout: { ...box, dtype: 'int32' }, agent: { network: { kind: 'mlp', hidden: [8] } } },
  'stacked grid': {
    layout: { ...grid, frames: 2 },
    agent: { network: { kind: 'minatar-cnn', filters: 4, hidden: [9] } },
  },
  rescaled: { layout: box, agent: { valueRescaling: 1e-3, network: { kind: 'mlp', hidden: [8] } } },
  tabular: { layout: discrete, agent: { kind: 'tabular' } },
  pqn: { layout: box, agent: { kind: 'pqn', network: { kind: 'mlp', hidden: [8], layerNorm: true } } },
};

/** Every network with every head, and each kind of observation. */
export const CASES: Readonly<Record<string, Case>> = {
  ...Object.fromEntries(
    Object.entries(NETWORKS).flatMap(([name, [layout, network]]) =>
      Object.entries(HEADS).map(([head, fields]) => [
        `${name}; ${head}`,
        { layout, agent: { ...fields, network } },
      ]),
    ),
  ),
  ...MORE,
};

/** A policy of a case, with parameters drawn from a seed. */
export function trainedOf({ layout, agent }: Case, seed: number): Trained {
  const parsed = runSchema.parse({ environment: { id: 'x' }, agent: { kind: 'dqn', ...agent } }) as RunConfig;
  if (parsed.agent.kind === 'token-q') throw new TypeError('Cases are of numbered actions.');
  const random = new Random(seed);
  const parameters =
    parsed.agent.kind === 'tabular'
      ? new Map([
          [
            'q',
            { shape: [layout.count!, layout.actions], data: drawn(random, layout.count! * layout.actions) },
          ],
        ])
      : initialParameters(valuedNetwork(parsed.agent, layout).network.parameters, random);
  for (const [name, { data }] of parameters) {
    // Statistics that have seen something; gains and biases that change something.
    const isStatistic = name.startsWith('normalizer/');
    const isPlain = !isStatistic && !name.includes('/norm/') && !name.endsWith('/bias');
    for (let i = 0; i < data.length && !isPlain; i++) {
      data[i] = isStatistic ? 0.5 + random.uniform() : data[i] + 0.2 * random.normal();
    }
  }
  const checkpoint = {
    ...{
      updates: 7,
      version: 1,
      steps: 9,
      generation: null,
      stepsBefore: 0,
      seconds: 1,
      layout,
      config: parsed,
    },
    ...{ random: random.state, parameters, state: new Map() },
  };
  return { path: '/nowhere', config: parsed, checkpoint, layout };
}

/** States of a case, and a mask of which at least one action of each row is allowed. */
export function drawRows({ layout }: Case, rows: number, seed: number) {
  const random = new Random(seed);
  const states: ObservationArray = new observationArrays[layout.dtype](rows * stateSize(layout));
  for (let i = 0; i < states.length; i++) {
    states[i] =
      layout.count !== undefined
        ? random.integer(layout.count)
        : layout.dtype === 'uint8'
          ? random.integer((layout.high ?? 255) + 1)
          : layout.dtype === 'int32'
            ? random.integer(9) - 4
            : random.normal();
  }
  const masks = new Uint8Array(rows * layout.actions).map(() => random.integer(2));
  for (let row = 0; row < rows; row++) masks[row * layout.actions + random.integer(layout.actions)] = 1;
  return { states, masks, dtype: stateDType(layout) };
}

const drawn = (random: Random, count: number): Float32Array =>
  Float32Array.from({ length: count }, () => random.normal());
