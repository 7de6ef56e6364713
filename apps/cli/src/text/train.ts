import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { newRunId } from '@qfleet/fleet';
import { defaultRunPath, markLatest } from '@qfleet/report';
import {
  CONTEXT,
  givenModel,
  newModel,
  readText,
  type TextModel,
  type TextResult,
  TextRun,
  trainText,
} from '@qfleet/single';
import { encodeTensors, loadTensor, slowRuntimeNote } from '@qfleet/tensor';
import { exitCodes, UsageError } from '../errors.ts';
import { suggest } from '../suggest.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { integer, print, printJson, shown, style } from '../terminal/output.ts';
import { claimRun } from '../train/claim.ts';
import { version } from '../version.ts';
import { textDisplay } from './display.ts';
import { TEXT_TASK, type TextTrainOptions } from './options.ts';

/** The updates that are made where neither updates nor seconds are given. */
const UPDATES = 1000;

/** The learning rates of a new model, and of one that has learned before. */
const LEARNING_RATES = { fresh: 2e-3, given: 5e-5 };

/** `qfleet train text/lm`: everything that can be refused is refused before anything is written. */
export async function trainOnText(options: TextTrainOptions): Promise<number> {
  const { data, maxUpdates, maxSeconds = null, seed = 0, json = false } = options;
  const startedAt = performance.now();
  if (data === undefined) throw new UsageError(`${TEXT_TASK} learns a text: name its file with --data.`);
  const text = readText(data);
  const isFresh = options.model === undefined;
  const given = isFresh ? null : givenModel(options.model!);
  const context = options.context ?? Math.min(CONTEXT, given?.shape.context ?? CONTEXT);
  if (given !== null && context > given.shape.context)
    throw new UsageError(
      `--context is ${context}, and the model of ${options.model} takes ${given.shape.context} tokens at most.`,
    );
  using model = given ?? newModel(text.training, context, seed);
  const tokens = tokensOf(model, text);
  checkLength(tokens, context, data);
  const run = newRunId();
  const path = options.runDir ?? defaultRunPath('text-lm', run);
  const asked = {
    ...{ context, seed, maxSeconds },
    maxUpdates: maxUpdates ?? (maxSeconds === null ? UPDATES : null),
    learningRate: options.learningRate ?? (isFresh ? LEARNING_RATES.fresh : LEARNING_RATES.given),
  };
  using claim = await claimRun(path);
  const places = { data: resolve(data), model: options.model === undefined ? null : resolve(options.model) };
  const directory = TextRun.create(path, run, { task: TEXT_TASK, ...places, ...asked });
  if (options.runDir === undefined) markLatest(directory.path);
  const display = textDisplay(asked, json);
  const interrupt = new Interrupt(() => display.say('Ending: a checkpoint is taken.'));
  try {
    const slow = slowRuntimeNote();
    if (slow !== null) display.warn(slow);
    const parameters = [...model.tensors.values()].reduce((sum, each) => sum + each.data.length, 0);
    display.say(
      `Training ${style('bold', isFresh ? 'a new decoder' : options.model!)} of ${integer(parameters)} parameters on ` +
        `${integer(tokens.training.length)} tokens, seed ${seed}. Run directory: ${shown(directory.path)}`,
    );
    const result = await trainText(model, tokens, directory, {
      ...asked,
      signal: AbortSignal.any([interrupt.signal, claim.lost]),
      onProgress: (progress) => display.update(progress),
      onSample: (sample, updates) =>
        display.say(`Sample at update ${integer(updates)}: ${JSON.stringify(sample)}`),
    });
    display.close();
    claim.lost.throwIfAborted();
    const { kind, version: tensorflow } = await loadTensor();
    const summary = {
      ...{ run, task: TEXT_TASK, seed, parameters },
      versions: { qfleet: version, node: process.versions.node, tensorflow, runtime: kind },
      ...{ updates: result.updates, tokens: result.tokens, heldOut: result.heldOut },
      wallSeconds: (performance.now() - startedAt) / 1000,
      ...{ trainingSeconds: result.seconds, stopReason: result.stopReason },
      weightsHash: createHash('sha256').update(encodeTensors(result.parameters)).digest('hex'),
    };
    directory.writeSummary(summary);
    if (json) await printJson({ ...summary, runDirectory: directory.path });
    else await print(describe(result, shown(directory.path)));
    return exitCodes.done;
  } finally {
    interrupt.stop();
    display.close();
  }
}

function tokensOf({ tokenizer }: TextModel, text: { training: string; heldOut: string }) {
  const encode = (part: string) => Int32Array.from(tokenizer.encode(part, false));
  return { training: encode(text.training), heldOut: encode(text.heldOut) };
}

/** @throws UsageError where there is not a window to learn from, or nothing to predict. */
function checkLength(
  { training, heldOut }: { training: Int32Array; heldOut: Int32Array },
  context: number,
  path: string,
): void {
  if (training.length > context && heldOut.length > 1) return;
  throw new UsageError(
    `${path} is too short: nine tenths of it are ${training.length} tokens and the rest ${heldOut.length}, and a ` +
      `context of ${context} needs ${context + 1} and 2: give a longer text, or a smaller --context.`,
  );
}

const STOPS: Readonly<Record<TextResult['stopReason'], string>> = {
  maxUpdates: 'all updates are made',
  maxSeconds: 'its seconds are over',
  interrupted: 'it was interrupted',
};

function describe({ heldOut, updates, seconds, stopReason }: TextResult, path: string): string {
  return [
    `${style('bold', 'Done')}: perplexity ${heldOut.perplexity.toFixed(2)} over ${integer(heldOut.tokens)} held-out tokens.`,
    `Training ended because ${STOPS[stopReason]}: ${integer(updates)} updates, ${seconds.toFixed(1)} s.`,
    `Run directory: ${path} (checkpoints, metrics.jsonl, summary.json)`,
    '',
    'Next:',
    `  ${suggest('export', path, 'my-model')}`,
  ].join('\n');
}
