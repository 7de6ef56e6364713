import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { checkLstm, checkUpdates, type R2d2Reference } from './r2d2-checks.ts';

const script = fileURLToPath(new URL('./reference/r2d2/main.py', import.meta.url));

it('LSTMs and R2D2 are PyTorch’s on fresh inputs', async () => {
  const python = process.env['QFLEET_REFERENCE_PYTHON'];
  expect(python, 'the Python that the suites’ set-up made').toBeDefined();
  // Printed, so that a failure can be had again.
  const seed = 1 + Math.floor(Math.random() * 2 ** 20);
  console.log(`main.py ${seed}`);
  const printed = execFileSync(python!, [script, String(seed)], { maxBuffer: 1 << 26 });
  const reference = JSON.parse(printed.toString()) as R2d2Reference;
  for (const each of reference.lstms) await checkLstm(each);
  await checkUpdates(reference.updates, reference.seed + 11);
});
