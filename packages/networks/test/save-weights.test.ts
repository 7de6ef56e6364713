import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyModelFiles, loadModel, saveWeights } from '../src/index.ts';
import { MODELS } from './language-checks.ts';

const stored = (name: string) =>
  fileURLToPath(new URL(`./reference/language/stored/${name}`, import.meta.url));

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'qfleet-save-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Saves a stored model and reads it again. */
function saved(name: string) {
  const model = loadModel(stored(name));
  const { type, shape, tensors, about } = model;
  const dtype = about.dtypes[0] as 'F32' | 'F16' | 'BF16';
  saveWeights(directory, type, shape, tensors, dtype);
  cpSync(join(stored(name), 'config.json'), join(directory, 'config.json'));
  return { model, again: loadModel(directory) };
}

describe('saveWeights', () => {
  it.each(MODELS)('writes %s so that it is read as it was', (name) => {
    const { model, again } = saved(name);
    expect(again.shape).toEqual(model.shape);
    expect(again.tensors).toEqual(model.tensors);
  });

  // Those that the script left as transformers wrote them; of a head that is not tied it stores a bias twice.
  it.each(['gpt2', 'gpt2-own-head', 'llama', 'llama-half', 'qwen2-bfloat16', 'gpt-neox', 'bert'])(
    'writes the file of %s byte for byte as transformers does',
    (name) => {
      saved(name);
      const [ours, theirs] = [directory, stored(name)].map((each) =>
        readFileSync(join(each, 'model.safetensors')),
      );
      expect(ours.equals(theirs)).toBe(true);
    },
  );

  it.each(['llama-half', 'qwen2-bfloat16'])('as float32, the configuration of %s says so', (name) => {
    const { type, shape, tensors } = loadModel(stored(name));
    copyModelFiles(stored(name), directory);
    saveWeights(directory, type, shape, tensors);
    const again = loadModel(directory);
    expect(again.about.dtypes).toEqual(['F32']);
    expect(again.tensors).toEqual(tensors);
    const [before, after] = [stored(name), directory].map((each) =>
      JSON.parse(readFileSync(join(each, 'config.json'), 'utf8')),
    );
    expect(after).toEqual({ ...before, dtype: 'float32' });
  });
});
