import type { DqnConfig } from '@qfleet/config';
import { type LanguageNetwork, languageNetwork, type TransformerShape } from '@qfleet/networks';
import {
  type Compiled,
  compile,
  crossEntropy,
  type NamedTensors,
  type Runtime,
  type TensorFlow,
  type TensorRecord,
} from '@qfleet/tensor';
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { LearnedState } from '../value/learned-state.ts';
import { createOptimizer } from '../value/optimizer.ts';
import { type LearningRate, learningRateOf } from '../value/rates.ts';
import { descend, ONLINE } from '../value/step.ts';
import { bucketsOf, type TokenBatch, tokenInputs, tokensOf } from './token-batch.ts';

/** What a learner of texts is made from. */
export interface LanguageLearnerOptions extends LearningRate {
  /** A decoder with a head. */
  readonly shape: TransformerShape;
  /** Rows of a batch. */
  readonly rows: number;
  /**
   * The lengths to which batches are padded, in rising order, each with a trace of its own. Absent: 32, 64, 128, 256 and
   * 512 where the model's context is longer, and that.
   */
  readonly lengths?: readonly number[];
  readonly optimizer: DqnConfig['optimizer'];
  /** The global norm to which a gradient is clipped; null: it is not clipped. */
  readonly gradientClip: number | null;
  /** Over which the learning rate falls; null: it stays. */
  readonly totalUpdates: number | null;
  /** Whether updates run op by op where they could be one native call, for comparisons. */
  readonly eager?: boolean;
}

/** What an update measured. */
export interface LanguageStats {
  /** Nats for each token that counts. */
  readonly loss: number;
  /** Global, before clipping. */
  readonly gradientNorm: number;
}

/**
 * Teaches a decoder to predict the next token of texts. An update is one compiled call: embedding, layers, cross-entropy,
 * gradient, clipping, optimizer. Batches are padded to one of a few lengths, which have a trace each.
 */
export class LanguageLearner {
  readonly #options: LanguageLearnerOptions;
  readonly #lengths: readonly number[];
  readonly #learned: LearnedState;
  readonly #step: Compiled;
  readonly #evaluation: Compiled;
  #updates = 0;

  /** @param start the parameters that it begins with. */
  constructor(runtime: Runtime, options: LanguageLearnerOptions, start: NamedTensors) {
    const { shape, rows, optimizer, gradientClip, eager = false } = options;
    const network = languageNetwork(shape);
    const learned = new LearnedState(
      network,
      (packing) => createOptimizer({ optimizer, adamEpsilon: 1e-8 }, packing),
      [ONLINE],
    );
    this.#options = options;
    this.#lengths = options.lengths ?? bucketsOf(shape.context);
    this.#learned = learned;
    const { tf } = runtime;
    const { packing } = learned;
    const parts = { tf, network, packing, optimizer: learned.optimizer, largestNorm: gradientClip };
    const inputs = tokenInputs(rows);
    this.#step = compile(
      runtime,
      (state, given) => {
        const lossOf = (tensors: Tensor[]) => {
          const logits = logitsOf(tf, network, packing.split(tf, tensors), given);
          const losses = crossEntropy(tf, logits, given['targets'] as Tensor1D);
          const counted = tf.maximum(tf.sum(given['weights']), 1);
          const loss = tf.div(tf.sum(tf.mul(losses, given['weights'])), counted) as Scalar;
          return { loss, priorities: losses, stats: {} };
        };
        const { changed, said, gradientNorm } = descend(parts, state, given, [lossOf]);
        return { state: changed, outputs: { loss: said.loss, gradientNorm } };
      },
      {
        state: learned.start(start),
        inputs: {
          ...inputs,
          ...Object.fromEntries(Object.keys(this.#rates()).map((name) => [name, { shape: [] }])),
        },
        eager,
      },
    );
    this.#evaluation = this.#step.share(
      (state, given) => {
        const tensors = packing.names.map((name) => state[`${ONLINE}/${name}`]);
        const logits = logitsOf(tf, network, packing.split(tf, tensors as Tensor[]), given);
        const losses = crossEntropy(tf, logits, given['targets'] as Tensor1D);
        return { outputs: { total: tf.sum(tf.mul(losses, given['weights'])) } };
      },
      { inputs },
    );
  }

  /** Updates behind its parameters. */
  get updates(): number {
    return this.#updates;
  }

  /** The learning rate of the next update. */
  get learningRate(): number {
    return learningRateOf(this.#options, this.#options.totalUpdates, this.#updates);
  }

  /** One update. */
  update(batch: TokenBatch): LanguageStats {
    const { loss, gradientNorm } = this.#step.run({
      ...tokensOf(batch, this.#lengths).inputs,
      ...this.#rates(),
    });
    this.#updates++;
    return { loss: loss[0], gradientNorm: gradientNorm[0] };
  }

  /** The sum of −log p, in nats, over the tokens of a batch that count, and how many these are. */
  evaluate(batch: TokenBatch): { total: number; targets: number } {
    const { inputs, targets } = tokensOf(batch, this.#lengths);
    return { total: this.#evaluation.run(inputs)['total'][0], targets };
  }

  /** The parameters, copied out. */
  parameters(): NamedTensors {
    return this.#learned.parameters(this.#step);
  }

  /** Everything a checkpoint needs to continue exactly: parameters and the optimizer's slots. */
  state(): NamedTensors {
    return this.#learned.read(this.#step, this.#updates);
  }

  /** @throws Error where the state is of another network or optimizer. */
  restore(state: NamedTensors): void {
    this.#updates = this.#learned.restore(this.#step, state);
  }

  dispose(): void {
    this.#step.dispose();
  }

  #rates(): Readonly<Record<string, number>> {
    return this.#learned.optimizer.rates(this.#updates + 1, this.learningRate);
  }
}

/** [rows × length, vocabulary]. */
function logitsOf(
  tf: TensorFlow,
  network: LanguageNetwork,
  parameters: TensorRecord,
  { ids, positions, mask }: TensorRecord,
): Tensor2D {
  const tokens = { ids: ids as Tensor2D, positions: positions as Tensor2D, mask: mask as Tensor2D };
  return network.forward(tf, parameters, tokens)['logits'] as Tensor2D;
}
