import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { cacheFolder } from '../../../test/support/private-python.ts';
import { SHORT, type Training, trained } from './text-lm-checks.ts';

const run = promisify(execFile);
const folder = fileURLToPath(new URL('./reference/text-lm/', import.meta.url));

/** What main.py prints. */
interface Reference {
  readonly losses: readonly number[];
  readonly heldOut: number;
}

// Threads that wait for each other must not take the processor from what they wait for.
const env = { ...process.env, OMP_WAIT_POLICY: 'PASSIVE' };

const python = async (...args: string[]): Promise<string> => {
  const running = run(process.env['QFLEET_REFERENCE_PYTHON']!, args, { maxBuffer: 1 << 24, env });
  running.child.stderr!.pipe(process.stderr);
  return (await running).stdout;
};

/** What PyTorch makes of a training: of the same one, and by the same program, it is computed once. */
async function referenceOf(directory: string): Promise<Reference> {
  const script = join(folder, 'main.py');
  const inputs = ['config.json', 'model.safetensors', 'settings.json', 'windows', 'held-out'];
  const hash = createHash('sha256').update(process.env['QFLEET_REFERENCE_PYTHON']!);
  for (const path of [script, ...inputs.map((name) => join(directory, name))])
    hash.update(readFileSync(path));
  const kept = join(cacheFolder(), 'text-lm', hash.digest('hex').slice(0, 12));
  const result = join(kept, 'result.json');
  if (!existsSync(result)) {
    mkdirSync(kept, { recursive: true });
    writeFileSync(`${result}.new`, await python(script, directory, kept));
    renameSync(`${result}.new`, result);
  }
  return JSON.parse(readFileSync(result, 'utf8')) as Reference;
}

/** Ours and PyTorch's perplexity of the held-out text, by e to the loss. */
async function perplexities(
  training: Training,
): Promise<{ ours: number; theirs: number; reference: Reference }> {
  const { result, directory } = await trained(training);
  const ours = Math.exp(result.heldOut.loss);
  // Said at once: PyTorch may be interrupted, and goes on from there the next time.
  console.log(`${training.updates} updates: perplexity ${ours.toFixed(4)}`);
  const reference = await referenceOf(directory);
  const theirs = Math.exp(reference.heldOut);
  console.log(`${training.updates} updates: perplexity ${ours.toFixed(4)}, in PyTorch ${theirs.toFixed(4)}`);
  return { ours, theirs, reference };
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
  const { ours, theirs } = await perplexities({ text: text.slice(0, 1e6), context: 128, updates: 1000 });
  expect(Math.abs(ours / theirs - 1)).toBeLessThan(0.01);
});
