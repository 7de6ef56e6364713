import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { decoderShape } from '@qfleet/agents';
import { beginsWithModel, type TokenQRunConfig } from '@qfleet/config';
import { byteTokenizer, type Tokenizer, Vocabulary } from '@qfleet/envs';
import {
  bytesTokenizer,
  copyModelFiles,
  loadArchitecture,
  NO_TEXT,
  saveValueHeads,
  saveWeights,
  vocabularyTokenizer,
  writeDecoderFiles,
} from '@qfleet/networks';
import { checkpointOf, type Which } from '@qfleet/policy';
import type { RunDirectory } from '@qfleet/report';
import { openTextTask, type TextTask } from '@qfleet/rollout';
import type { Checkpoint } from '@qfleet/training';
import { CommandError, UsageError } from '../errors.ts';
import { suggest } from '../suggest.ts';
import { print, printJson, shown } from '../terminal/output.ts';
import { checkWeights } from '../train/warm-start.ts';
import { trustOption } from '../trust.ts';

/** What of a run is written, and how that is told. */
export interface ExportAgentOptions {
  readonly checkpoint: Which;
  readonly json?: true;
}

/**
 * `qfleet export`: writes an agent that speaks to an empty directory in Hugging Face's format, its heads of values beside the language
 * model.
 *
 * @throws UsageError where the directory is not empty; CommandError where the run has no checkpoint.
 */
export async function exportAgent(
  directory: RunDirectory,
  config: TokenQRunConfig,
  to: string,
  { checkpoint: which, json }: ExportAgentOptions,
): Promise<void> {
  if (existsSync(to) && readdirSync(to).length > 0)
    throw new UsageError(`${to} is not empty: name another directory for the model.`);
  const warn = (sentence: string) => process.stderr.write(`${sentence}\n`);
  const checkpoint = await checkpointOf(directory, { checkpoint: which, warn });
  if (checkpoint === null)
    throw new CommandError(
      `${directory.path} has no checkpoint yet; to train on: ${suggest('resume', directory.path, ...trustOption(directory))}`,
    );
  await checkWeights(checkpoint, config, directory.path);
  const task = await openTextTask(config);
  const isNew = !existsSync(to);
  try {
    mkdirSync(to, { recursive: true });
    writeModel(config, task, checkpoint, to);
  } catch (error) {
    if (isNew) rmSync(to, { recursive: true, force: true });
    throw error;
  }
  const { updates } = checkpoint;
  if (json) return printJson({ directory: to, updates, environment: config.environment.id });
  if (!beginsWithModel(config) && fileOf(task.definition.tokenizer) === null)
    warn(
      `${config.environment.id} has a tokenizer of its own, which no tokenizer.json can say: ${to} has none.`,
    );
  await print(`${shown(to)} holds the language model of update ${updates}, with its values beside it.`);
}

function writeModel(
  config: TokenQRunConfig,
  { definition, layout }: TextTask,
  { parameters }: Checkpoint,
  to: string,
): void {
  const shape = decoderShape(config.agent, layout);
  if (beginsWithModel(config)) {
    const { directory } = config.agent.network;
    copyModelFiles(directory, to);
    saveWeights(to, loadArchitecture(directory).type, shape, parameters);
  } else {
    const { tokenizer } = definition;
    // A name of its own would keep it out of longer tokens that contain its text.
    const hasText = tokenizer.decode([tokenizer.end]) !== '';
    writeDecoderFiles(to, {
      ...{ ...shape, end: tokenizer.end, endName: hasText ? null : NO_TEXT },
      tokenizer: fileOf(tokenizer),
    });
    saveWeights(to, 'llama', shape, parameters);
  }
  saveValueHeads(to, parameters);
}

/** What `tokenizer.json` holds of a task's tokenizer; null: it is a user's functions. */
function fileOf(tokenizer: Tokenizer): Readonly<Record<string, unknown>> | null {
  if (tokenizer === byteTokenizer) return bytesTokenizer();
  return tokenizer instanceof Vocabulary ? vocabularyTokenizer(tokenizer.texts) : null;
}
