import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { NamedTensors } from '@qfleet/tensor';
import { ModelError } from '../language/model-error.ts';
import { countParameters, type TransformerShape } from '../language/transformer-shape.ts';
import { ChatTemplate } from './chat-template.ts';
import { ConfigReader } from './config-reader.ts';
import { familyOf, type ModelType } from './families/known.ts';
import { findTensors, readTensors } from './load-weights.ts';
import { bytesOf, checkMemory } from './memory.ts';
import { exists, readJsonObject } from './read-json.ts';
import { TextTokenizer } from './tokenizer.ts';
import { WeightFiles } from './weight-files.ts';

/** A model as a directory of Hugging Face's format holds it. */
export interface HubModel {
  readonly directory: string;
  /** `model_type` of its configuration. */
  readonly type: ModelType;
  readonly shape: TransformerShape;
  /** Its parameters by our names. */
  readonly tensors: NamedTensors;
  /** Null: the directory has none. */
  readonly tokenizer: TextTokenizer | null;
  /** How it reads dialogues; null: nothing says. */
  readonly template: ChatTemplate | null;
  /** The tokens that end a text. */
  readonly ends: readonly number[];
  readonly about: AboutModel;
}

/** What a directory says of its model, beside the shape. */
export interface AboutModel {
  readonly parameters: number;
  /** As float32, in memory. */
  readonly bytes: number;
  /** The weights' files, and the dtypes of the numbers in them. */
  readonly files: readonly string[];
  readonly dtypes: readonly string[];
  /** Tensors that the files have and that are not used. */
  readonly passedOver: readonly string[];
}

/**
 * Reads a model: `config.json`, `model.safetensors` or the files of its index, and `tokenizer.json` where it is there. All
 * of it is checked before any of it is used.
 *
 * @throws ModelError with one sentence on what is missing, odd or not known.
 */
export function loadModel(directory: string): HubModel {
  if (!exists(directory))
    throw new ModelError(`There is no ${directory}: name a directory that holds a model.`);
  if (!statSync(directory).isDirectory())
    throw new ModelError(
      `${directory} is no directory: name the one that holds config.json and the weights.`,
    );
  const fields = readJsonObject(join(directory, 'config.json'));
  const config = new ConfigReader(fields, join(directory, 'config.json'));
  const { type, family, head } = familyOf(config);
  // A configuration that does not say has what fits most of its kind; the weights then tell of an encoder's head.
  checkMemory(family.shape(config, head ?? true), directory);
  const files = new WeightFiles(directory);
  try {
    const shape = family.shape(config, head ?? hasHead(files, type));
    const found = findTensors(files, family, shape, directory);
    const tokenizer = TextTokenizer.open(directory);
    if (tokenizer !== null) checkTokens(tokenizer, shape.vocabulary, directory);
    const tensors = readTensors(files, family, shape, found);
    const used = [...files.entries.values()].filter(({ name }) => !found.passedOver.includes(name));
    return {
      ...{ directory, type, shape, tensors, tokenizer },
      template: ChatTemplate.open(directory, tokenizer?.settings ?? {}),
      ends: endTokens(directory, fields),
      about: {
        parameters: countParameters(shape),
        bytes: bytesOf(shape),
        files: files.paths,
        dtypes: [...new Set(used.map(({ dtype }) => dtype))],
        passedOver: found.passedOver,
      },
    };
  } finally {
    files.close();
  }
}

/**
 * The tokenizer of a directory, which may lack weights. It is held against the configuration, where that is there.
 *
 * @throws ModelError where there is none, or it does not fit.
 */
export function loadTokenizer(directory: string): TextTokenizer {
  checkDirectory(directory);
  const tokenizer = TextTokenizer.open(directory);
  if (tokenizer === null)
    throw new ModelError(
      `${directory} has no tokenizer.json, which texts need: give tokens in place of texts.`,
    );
  const path = join(directory, 'config.json');
  if (exists(path))
    checkTokens(tokenizer, new ConfigReader(readJsonObject(path), path).size('vocab_size'), directory);
  return tokenizer;
}

function checkDirectory(directory: string): void {
  if (!exists(directory))
    throw new ModelError(`There is no ${directory}: name a directory that holds a model.`);
  if (!statSync(directory).isDirectory())
    throw new ModelError(
      `${directory} is no directory: name the one that holds config.json and the weights.`,
    );
}

function checkTokens({ tokens }: TextTokenizer, vocabulary: number, directory: string): void {
  if (tokens <= vocabulary) return;
  throw new ModelError(
    `${join(directory, 'tokenizer.json')} has ${tokens} tokens, and the model knows ${vocabulary}: they do not belong together.`,
  );
}

function hasHead(files: WeightFiles, type: string): boolean {
  return type !== 'bert' || [...files.entries.keys()].some((name) => name.startsWith('cls.predictions.'));
}

/**
 * The tokens that end a text, of a directory that may lack weights.
 *
 * @throws ModelError where there is no configuration.
 */
export const loadEnds = (directory: string): readonly number[] =>
  endTokens(directory, readJsonObject(join(directory, 'config.json')));

/** The tokens that end a text: those of `generation_config.json`, or else of `config.json`. */
function endTokens(directory: string, fields: Readonly<Record<string, unknown>>): number[] {
  const path = join(directory, 'generation_config.json');
  const generation = exists(path) ? readJsonObject(path) : {};
  const inGeneration = generation['eos_token_id'] ?? null;
  const told = [inGeneration ?? fields['eos_token_id'] ?? []].flat();
  const isToken = (each: unknown): each is number => Number.isSafeInteger(each);
  if (told.every(isToken)) return told;
  throw new ModelError(
    `${inGeneration === null ? join(directory, 'config.json') : path}: eos_token_id is ${JSON.stringify(told.length === 1 ? told[0] : told)}, and it has to be the number of a token or a list of such.`,
  );
}
