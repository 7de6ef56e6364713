import { resolve } from 'node:path';
import { newRunId } from '@qfleet/fleet';
import { defaultRunPath, markLatest } from '@qfleet/report';
import {
  CONTEXT,
  checkpointsIn,
  givenModel,
  newModel,
  readText,
  type SplitText,
  type TextModel,
  TextRun,
  type TextRunConfig,
} from '@qfleet/single';
import { UsageError } from '../errors.ts';
import { claimRun } from '../train/claim.ts';
import { TEXT_TASK, type TextTrainOptions } from './options.ts';
import { runTextSession, type TextTokens } from './session.ts';

/** The updates that are made where neither updates nor seconds are given. */
const UPDATES = 1000;

/** The learning rates of a new model, and of one that has learned before. */
const LEARNING_RATES = { fresh: 2e-3, given: 5e-5 };

/** `qfleet train text/lm`: everything that can be refused is refused before anything is written. */
export async function trainOnText(options: TextTrainOptions): Promise<number> {
  const startedAt = performance.now();
  const { data, maxUpdates, maxSeconds = null, seed = 0, json = false } = options;
  if (data === undefined) throw new UsageError(`${TEXT_TASK} learns a text: name its file with --data.`);
  const text = readText(data);
  const start = startOf(options);
  const given = start === null ? null : givenModel(start);
  const context = options.context ?? Math.min(CONTEXT, given?.shape.context ?? CONTEXT);
  if (given !== null && context > given.shape.context)
    throw new UsageError(
      `--context is ${context}, and the model of ${start} takes ${given.shape.context} tokens at most.`,
    );
  using model = given ?? newModel(text.training, context, seed);
  const tokens = tokensOf(model, text);
  checkLength(tokens, context, data);
  const run = newRunId();
  const path = options.runDir ?? defaultRunPath('text-lm', run);
  const config: TextRunConfig = {
    ...{ task: TEXT_TASK, data: resolve(data), text: text.hash },
    ...{ model: start === null ? null : resolve(start), context, seed, maxSeconds },
    maxUpdates: maxUpdates ?? (maxSeconds === null ? UPDATES : null),
    learningRate: options.learningRate ?? (start === null ? LEARNING_RATES.fresh : LEARNING_RATES.given),
  };
  using claim = await claimRun(path);
  const directory = TextRun.create(path, run, config);
  if (options.runDir === undefined) markLatest(directory.path);
  // Awaited here: the claim ends with this function.
  return await runTextSession({
    ...{ directory, run, config, model, tokens, from: null, lost: claim.lost, json, startedAt },
    what: start ?? 'a new decoder',
  });
}

/** The directory of the model that a run begins with; null: it begins with a new one. */
function startOf({ model, from }: TextTrainOptions): string | null {
  if (from === undefined) return model ?? null;
  if (model !== undefined)
    throw new UsageError('--from and --model both name what to begin with: leave one of them out.');
  if (!TextRun.is(from))
    throw new UsageError(
      `${from} is no run of ${TEXT_TASK}: name such a run's directory with --from, or a model's with --model.`,
    );
  const last = checkpointsIn(from).at(-1);
  if (last === undefined) throw new UsageError(`${from} has no checkpoint yet, so no weights to start from.`);
  return last;
}

/** A text as a model's tokenizer has it. */
export function tokensOf({ tokenizer }: TextModel, text: SplitText): TextTokens {
  const encode = (part: string) => Int32Array.from(tokenizer.encode(part, false));
  return { training: encode(text.training), heldOut: encode(text.heldOut) };
}

/** @throws UsageError where there is not a window to learn from, or nothing to predict. */
function checkLength({ training, heldOut }: TextTokens, context: number, path: string): void {
  if (training.length > context && heldOut.length > 1) return;
  throw new UsageError(
    `${path} is too short: nine tenths of it are ${training.length} tokens and the rest ${heldOut.length}, and a ` +
      `context of ${context} needs ${context + 1} and 2: give a longer text, or a smaller --context.`,
  );
}
