import { cpSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TransformerShape } from '../language/transformer-shape.ts';
import { ConfigReader } from './config-reader.ts';
import { familyOf, type ModelType } from './families/known.ts';
import { checkMemory } from './memory.ts';
import { readJsonObject } from './read-json.ts';

/** What a directory has beside its weights. */
export const FILES = [
  ...['generation_config.json', 'tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json'],
  'chat_template.jinja',
];

export const CONFIG = 'config.json';

/** What a configuration calls the dtype of the weights: now, and before transformers 5. */
const DTYPES = ['dtype', 'torch_dtype'];

/**
 * The kind and shape of a model with a head, of its `config.json` alone: no weights are read.
 *
 * @throws ModelError with one sentence on what is missing, odd or not known.
 */
export function loadArchitecture(directory: string): { type: ModelType; shape: TransformerShape } {
  const path = join(directory, CONFIG);
  const config = new ConfigReader(readJsonObject(path), path);
  const { type, family, head } = familyOf(config);
  const shape = family.shape(config, head ?? true);
  checkMemory(shape, directory);
  return { type, shape };
}

/** Copies all that a model's directory has beside its weights to where they are written as float32. */
export function copyModelFiles(from: string, to: string): void {
  for (const name of FILES) if (existsSync(join(from, name))) cpSync(join(from, name), join(to, name));
  const config = Object.entries(readJsonObject(join(from, CONFIG))).map(([name, value]) => {
    return [name, DTYPES.includes(name) ? 'float32' : value];
  });
  writeFileSync(join(to, CONFIG), `${JSON.stringify(Object.fromEntries(config), null, 2)}\n`);
}
