import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  copyModelFiles,
  initialParameters,
  languageNetwork,
  loadArchitecture,
  loadModel,
  loadTokenizer,
  type ModelType,
  type TextTokenizer,
  type TransformerShape,
  trainTokenizer,
  writeNewDecoder,
} from '@qfleet/networks';
import { Random } from '@qfleet/random';
import type { NamedTensors } from '@qfleet/tensor';
import { TextError } from './text-error.ts';

/** Tokens of a tokenizer that is made of the text. */
const TOKENS = 2048;

/** The context where nothing else is said, and the model's own is not shorter. */
export const CONTEXT = 256;

/** A decoder that is to be trained. */
export interface TextModel extends Disposable {
  /** Where its configuration and its tokenizer are. */
  readonly directory: string;
  readonly type: ModelType;
  readonly shape: TransformerShape;
  readonly tokenizer: TextTokenizer;
  /** The parameters that it begins with. */
  readonly tensors: NamedTensors;
}

/**
 * A model of a directory, to be trained further.
 *
 * @throws ModelError, or TextError where it is no decoder with a head and a tokenizer.
 */
export function givenModel(directory: string): TextModel {
  const model = loadModel(directory);
  const { type, shape, tokenizer, tensors } = model;
  if (!shape.causal)
    throw new TextError(`${directory} is an encoder, which predicts no next token: name a decoder.`);
  if (shape.head === null)
    throw new TextError(`${directory} has no head for tokens: name a model for causal language modelling.`);
  if (tokenizer === null)
    throw new TextError(`${directory} has no tokenizer.json, which makes tokens of the text: add it.`);
  return { directory, type, shape, tokenizer, tensors, [Symbol.dispose]: () => undefined };
}

/** The same model, with its configuration and its tokenizer in a directory of its own. */
export function keptElsewhere(model: TextModel): TextModel {
  const { directory, remove } = temporaryDirectory();
  try {
    copyModelFiles(model.directory, directory);
    return { ...model, directory, [Symbol.dispose]: remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** A small Llama-style decoder with fresh parameters, and a tokenizer made of the text. */
export function newModel(text: string, context: number, seed: number): TextModel {
  const { directory, remove } = temporaryDirectory();
  try {
    const definition = trainTokenizer([text], TOKENS);
    const { vocab } = definition['model'] as { vocab: object };
    writeNewDecoder(directory, { tokenizer: definition, tokens: Object.keys(vocab).length, context });
    const { type, shape } = loadArchitecture(directory);
    const random = new Random(Random.seed(seed, 'parameters'));
    const tensors = initialParameters(languageNetwork(shape).parameters, random);
    const tokenizer = loadTokenizer(directory);
    return { directory, type, shape, tokenizer, tensors, [Symbol.dispose]: remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function temporaryDirectory(): { directory: string; remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'qfleet-text-'));
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
