import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadModel, ModelError } from '../src/index.ts';

const stored = fileURLToPath(new URL('./reference/language/stored/', import.meta.url));

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'qfleet-mutants-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A model that shows by a shape or a tensor that a file was changed is refused; another one is read. No other error comes. */
function expectReadOrRefused(): void {
  try {
    expect(loadModel(directory).tensors.size).toBeGreaterThan(0);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    expect(error.message).toMatch(/^[^\n]+\.$/);
  }
}

it.each([
  ['llama', 'config.json'],
  ['gpt-neox', 'config.json'],
  ['bert', 'config.json'],
  ['llama', 'model.safetensors'],
  ['qwen2', 'model.safetensors.index.json'],
  ['tokenizers/word-piece', 'tokenizer.json'],
])('a %s whose %s was changed anywhere is read, or refused with one sentence', (name, file) => {
  rmSync(directory, { recursive: true });
  cpSync(join(stored, name.startsWith('tokenizers') ? 'llama' : name), directory, { recursive: true });
  cpSync(join(stored, name, file), join(directory, file));
  const whole = readFileSync(join(directory, file));
  // The header of weights is all that can mislead.
  const length = file === 'model.safetensors' ? 8 + whole.readUInt32LE() : whole.length;
  const change = fc.record({
    at: fc.nat({ max: length - 1 }),
    cut: fc.nat({ max: 3 }),
    put: fc.constantFrom('', '0', '9', '-', '.', '"', '}', ']', ',', ':', 'null', '[]', '{}', '1e9', 'x'),
  });
  fc.assert(
    fc.property(change, ({ at, cut, put }) => {
      const bytes = Buffer.concat([whole.subarray(0, at), Buffer.from(put), whole.subarray(at + cut)]);
      writeFileSync(join(directory, file), bytes);
      expectReadOrRefused();
    }),
    { numRuns: 100 },
  );
});
