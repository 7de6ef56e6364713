import { setImmediate } from 'node:timers/promises';
import { LanguageLearner, type LanguageStats } from '@qfleet/agents';
import { loadTensor, type NamedTensors } from '@qfleet/tensor';
import { DivergenceError } from '@qfleet/training';
import { continuation } from './continuation.ts';
import { type TextCheckpoint, writeCheckpoint } from './text-checkpoint.ts';
import type { TextModel } from './text-model.ts';
import type { HeldOut, TextMetrics, TextRun } from './text-run.ts';
import { allWindows, type BatchSize, randomWindows } from './windows.ts';

/** Rows of a batch. */
const ROWS = 8;
/** Updates between two lines of the metrics. */
const METRICS_EVERY = 10;
/** Updates between two evaluations on the held-out text, each with a checkpoint. */
const EVALUATION_EVERY = 100;
/** Batches of the held-out text that are evaluated at most: its beginning, where it is longer. */
const HELD_OUT_BATCHES = 64;
/** Updates over which the learning rate rises, or a tenth of those that are planned. */
const WARMUP = 100;

/** What a run on text is asked for. */
export interface TextOptions {
  /** Tokens of a window, each of which predicts the next. */
  readonly context: number;
  readonly learningRate: number;
  readonly seed: number;
  /** Null: nothing is planned, and the learning rate stays. */
  readonly maxUpdates: number | null;
  readonly maxSeconds: number | null;
  /** What it goes on from; null: from the model as it is. */
  readonly from: TextCheckpoint | null;
  /** Aborted: training ends in order. */
  readonly signal: AbortSignal;
  /** Called after each update. */
  readonly onProgress: (progress: TextProgress) => void;
  /** Called with a text that the model made, now and then. */
  readonly onSample: (text: string, updates: number) => void;
}

/** How a run stands. */
export interface TextProgress extends TextMetrics {
  /** The newest evaluation; null before the first. */
  readonly evaluation: HeldOut | null;
}

/** How a run ended. */
export interface TextResult {
  readonly stopReason: 'maxUpdates' | 'maxSeconds' | 'interrupted';
  readonly updates: number;
  readonly tokens: number;
  readonly seconds: number;
  readonly heldOut: HeldOut;
  readonly parameters: NamedTensors;
}

/**
 * Trains a model on a text in this process. The same options give the same parameters bit for bit, unless `maxSeconds` or
 * `signal` ends it; so does a run that was interrupted and goes on from its checkpoint.
 *
 * @param training more tokens than the context.
 * @param heldOut two tokens at least.
 * @throws DivergenceError where training leaves the finite numbers.
 */
export async function trainText(
  model: TextModel,
  { training, heldOut }: { readonly training: Int32Array; readonly heldOut: Int32Array },
  run: TextRun,
  options: TextOptions,
): Promise<TextResult> {
  const { context, seed, maxUpdates, maxSeconds, signal } = options;
  const size = { rows: ROWS, length: context };
  const learner = new LanguageLearner(
    await loadTensor({ parallelism: 'pair' }),
    {
      ...{ shape: model.shape, rows: ROWS, lengths: [context], gradientClip: 1, totalUpdates: maxUpdates },
      optimizer: { kind: 'adamw', beta1: 0.9, beta2: 0.95, weightDecay: 0.1 },
      ...{ learningRate: options.learningRate, learningRateDecay: 0.1, learningRateSchedule: 'cosine' },
      learningRateWarmup: Math.min(WARMUP, Math.floor((maxUpdates ?? Number.POSITIVE_INFINITY) / 10)),
    },
    model.tensors,
  );
  const before = options.from?.seconds ?? 0;
  const started = performance.now();
  const seconds = () => before + (performance.now() - started) / 1000;
  const stopReason = () => {
    if (signal.aborted) return 'interrupted' as const;
    if (maxUpdates !== null && learner.updates >= maxUpdates) return 'maxUpdates' as const;
    return maxSeconds !== null && seconds() >= maxSeconds ? ('maxSeconds' as const) : null;
  };
  let evaluation: HeldOut | null = null;
  let losses: number[] = [];
  const evaluated = (): { heldOut: HeldOut; parameters: NamedTensors } => {
    evaluation = evaluate(learner, heldOut, size);
    return { heldOut: evaluation, parameters: learner.parameters() };
  };
  const tokensSeen = (): number => learner.updates * ROWS * context;
  try {
    if (options.from !== null) {
      learner.restore(options.from.state);
      // It was killed between its last checkpoint and its summary.
      const stop = stopReason();
      if (stop !== null && stop !== 'interrupted') {
        const [updates, tokens] = [learner.updates, tokensSeen()];
        return { stopReason: stop, updates, tokens, seconds: before, ...evaluated() };
      }
    }
    for (;;) {
      const stats = learner.update(randomWindows(training, size, seed, learner.updates));
      checkFinite(stats, learner.updates);
      losses.push(stats.loss);
      const { updates } = learner;
      const stop = stopReason();
      const result = stop !== null || updates % EVALUATION_EVERY === 0 ? evaluated() : null;
      if (result !== null) {
        const made = { state: learner.state(), updates, seconds: seconds() };
        writeCheckpoint(run.path, model, result.parameters, made);
        options.onSample(continuation(model, result.parameters, heldOut, seed), updates);
      }
      const row = {
        ...{ time: seconds(), updates, tokens: tokensSeen(), loss: meanOf(losses) },
        ...{ gradientNorm: stats.gradientNorm, learningRate: learner.learningRate },
        ...(result === null ? {} : { heldOut: result.heldOut }),
      };
      options.onProgress({ ...row, evaluation });
      if (result !== null || updates % METRICS_EVERY === 0) {
        run.appendMetrics(row);
        losses = [];
      }
      if (result !== null && stop !== null)
        return { stopReason: stop, updates, tokens: row.tokens, seconds: row.time, ...result };
      // Signals are heard between updates.
      await setImmediate();
    }
  } finally {
    learner.dispose();
  }
}

function evaluate(learner: LanguageLearner, heldOut: Int32Array, size: BatchSize): HeldOut {
  let [sum, tokens, batches] = [0, 0, 0];
  for (const batch of allWindows(heldOut, size)) {
    const { total, targets } = learner.evaluate(batch);
    sum += total;
    tokens += targets;
    if (++batches === HELD_OUT_BATCHES) break;
  }
  const loss = sum / tokens;
  return { loss, perplexity: Math.exp(loss), tokens };
}

function checkFinite({ loss, gradientNorm }: LanguageStats, updates: number): void {
  if (Number.isFinite(loss + gradientNorm)) return;
  throw new DivergenceError(
    `Training diverged at update ${updates}: the loss is ${loss} and the gradient's norm ${gradientNorm}; set a lower --learning-rate.`,
  );
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
