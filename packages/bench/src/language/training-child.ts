import { LanguageLearner } from '@qfleet/agents';
import { loadModel } from '@qfleet/networks';
import { Random } from '@qfleet/random';
import { loadTensor } from '@qfleet/tensor';
import { answerMeasurements } from '../contest/contestant.ts';

/** What `training-child` is told, as JSON in its one argument. */
export interface TrainingChildOptions {
  readonly directory: string;
  /** Rows of a batch, and the tokens of each. */
  readonly rows: number;
  readonly length: number;
}

// A program: one contestant of `qfleet bench language`. It measures a token that an update learns from.
const { directory, rows, length } = JSON.parse(process.argv[2]) as TrainingChildOptions;
const { shape, tensors } = loadModel(directory);
const learner = new LanguageLearner(
  await loadTensor({ parallelism: 'cores' }),
  {
    ...{ shape, rows, lengths: [length], gradientClip: null, totalUpdates: null },
    optimizer: { kind: 'adamw', beta1: 0.9, beta2: 0.95, weightDecay: 0.1 },
    ...{ learningRate: 1e-4, learningRateDecay: 1, learningRateSchedule: 'linear', learningRateWarmup: 0 },
  },
  tensors,
);
const random = new Random(0);
const tokens = Int32Array.from({ length: rows * (length + 1) }, () => random.integer(shape.vocabulary));
await answerMeasurements(() => learner.update({ rows, tokens }), rows * length, { warmUp: 5000 });
