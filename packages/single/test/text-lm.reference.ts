import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { SHORT, type Training, trained } from './text-lm-checks.ts';

const run = promisify(execFile);
const folder = fileURLToPath(new URL('./reference/text-lm/', import.meta.url));

/** What main.py prints. */
interface Reference {
  readonly losses: readonly number[];
  readonly heldOut: number;
}

const python = async (...args: string[]): Promise<string> =>
  (await run(process.env['QFLEET_REFERENCE_PYTHON']!, args, { maxBuffer: 1 << 24 })).stdout;

/** Ours and PyTorch's perplexity of the held-out text, by e to the loss. */
async function perplexities(
  training: Training,
): Promise<{ ours: number; theirs: number; reference: Reference }> {
  const { result, directory } = await trained(training);
  const reference = JSON.parse(await python(join(folder, 'main.py'), directory)) as Reference;
  const figures = { ours: Math.exp(result.heldOut.loss), theirs: Math.exp(reference.heldOut) };
  console.log(
    `${training.updates} updates: perplexity ${figures.ours.toFixed(4)}, in PyTorch ${figures.theirs.toFixed(4)}`,
  );
  return { ...figures, reference };
}

it('text-lm: PyTorch prints what is stored', { timeout: 600_000 }, async () => {
  const { ours, theirs, reference } = await perplexities(SHORT);
  const stored = JSON.parse(readFileSync(join(folder, 'stored/short.json'), 'utf8')) as Pick<
    Reference,
    'heldOut'
  >;
  expect(Math.abs(ours / theirs - 1)).toBeLessThan(0.01);
  expect(reference.heldOut).toBeCloseTo(stored.heldOut, 3);
});

it('text-lm: a decoder of 1M parameters on a text of 1 MB, 1,000 updates', {
  timeout: 7_200_000,
}, async () => {
  // The sources of transformers, which the references need anyway: the same text everywhere.
  const library = (await python('-c', 'import transformers; print(transformers.__path__[0])')).trim();
  const sources = globSync('models/*/modeling_*.py', { cwd: library }).sort();
  let text = '';
  for (const each of sources) if (text.length < 1e6) text += readFileSync(join(library, each), 'utf8');
  const { ours, theirs } = await perplexities({ text: text.slice(0, 1e6), context: 256, updates: 1000 });
  expect(Math.abs(ours / theirs - 1)).toBeLessThan(0.01);
});
