import { type DqnConfig, runSchema } from '@qfleet/config';
import type { Random } from '@qfleet/random';
import { elementsOf, type StateSpec } from '@qfleet/spaces';

/** A training step that is measured: what goes in, and what it is. */
export interface LearnerCase {
  readonly name: string;
  readonly spec: StateSpec;
  readonly network: DqnConfig['network'];
  readonly batchSize: number;
  /** Updates a call that are measured. */
  readonly unrolled: readonly number[];
}

/** Plain layers. */
const PLAIN = {
  layerNorm: false,
  noisy: null,
  initialization: 'lecun-uniform',
  core: { kind: 'none' },
} as const;

const mlp = (sizes: readonly number[], batchSize: number): LearnerCase => {
  const [inputs, ...hidden] = sizes.slice(0, -1) as [number, ...number[]];
  return {
    name: `MLP ${sizes.join('-')}, batch ${batchSize}`,
    spec: { shape: [inputs], dtype: 'float32', frames: 1, actions: sizes[sizes.length - 1] },
    network: { kind: 'mlp', hidden, dueling: false, ...PLAIN },
    batchSize,
    unrolled: [1, 8],
  };
};

/**
 * The step of Mnih et al. with a Huber loss, Adam and a soft target: what DQN's implementations have in common. Double
 * Q-learning would add a forward pass, and clipping a norm, to both sides.
 */
export const STEP = {
  doubleQ: false,
  gradientClip: null,
  loss: 'huber',
  target: { kind: 'soft', tau: 0.005 },
};

/** The steps of `qfleet bench learner`. */
export const learnerCases: readonly LearnerCase[] = [
  mlp([4, 128, 128, 2], 64),
  mlp([8, 256, 256, 4], 256),
  {
    name: 'Nature CNN 84×84×4 uint8, batch 32',
    spec: { shape: [84, 84, 4], dtype: 'uint8', frames: 1, actions: 6 },
    network: { kind: 'nature-cnn', hidden: [512], dueling: false, ...PLAIN },
    batchSize: 32,
    unrolled: [1],
  },
];

/** The network of MinAtar's Breakout (Young and Tian, 2019). */
export const minAtarCase: LearnerCase = {
  name: 'MinAtar CNN 10×10×4, batch 32',
  spec: { shape: [10, 10, 4], dtype: 'uint8', high: 1, frames: 1, actions: 3 },
  network: { kind: 'minatar-cnn', filters: 16, hidden: [128], dueling: false, ...PLAIN },
  batchSize: 32,
  unrolled: [1],
};

/** The part of a grid's cells that hold something: 30 bricks, paddle, ball and its trail of Breakout's 400 cells. */
const FILLED = 33 / 400;

/** Observations as a case has them: normal, bytes, or a grid of zeros and some ones. */
export function drawObservations(spec: StateSpec, rows: number, random: Random): Float32Array | Uint8Array {
  const length = rows * elementsOf(spec.shape);
  if (spec.high === 1) return Uint8Array.from({ length }, () => Number(random.uniform() < FILLED));
  return spec.dtype === 'uint8'
    ? Uint8Array.from({ length }, () => random.integer(256))
    : Float32Array.from({ length }, () => random.normal());
}

/** A DQN configuration with the schema's defaults for what is not given. */
export function dqnConfig(fields: object): DqnConfig {
  return runSchema.shape.agent.parse({ ...fields, kind: 'dqn' }) as DqnConfig;
}
