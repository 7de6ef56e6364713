import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadTensor } from '@qfleet/tensor';
import { expect, it } from 'vitest';
import { DecoderGraph } from '../src/index.ts';
import {
  checkGenerated,
  checkKernel,
  checkOutputs,
  checkTokenizer,
  FRESH_MODELS,
  MODELS,
  TOKENIZERS,
} from './language-checks.ts';

const script = fileURLToPath(new URL('./reference/language/main.py', import.meta.url));

it('language models give what transformers does, with fresh weights', async () => {
  const python = process.env['QFLEET_REFERENCE_PYTHON'];
  expect(python, 'the Python that the suites’ set-up made').toBeDefined();
  const folder = mkdtempSync(join(tmpdir(), 'qfleet-language-'));
  // Printed, so that a failure can be had again.
  const seed = 1 + Math.floor(Math.random() * 2 ** 20);
  console.log(`main.py ${folder} ${seed}`);
  execFileSync(python!, [script, folder, String(seed)], { stdio: 'ignore' });
  const runtime = await loadTensor();
  for (const name of TOKENIZERS) checkTokenizer(join(folder, 'tokenizers', name));
  for (const name of [...MODELS, ...FRESH_MODELS]) {
    checkOutputs(runtime, join(folder, name));
    if (name.startsWith('bert')) continue;
    checkKernel(join(folder, name));
    if (runtime.binding !== null)
      checkKernel(join(folder, name), (...given) => new DecoderGraph(runtime, ...given));
    checkGenerated(join(folder, name));
  }
  rmSync(folder, { recursive: true });
});
