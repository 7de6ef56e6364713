import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { checkTokenCase, type TokenReference } from './token-q-checks.ts';

const script = fileURLToPath(new URL('./reference/token-q/main.py', import.meta.url));

it('the losses of language agents are PyTorch’s on fresh inputs', async () => {
  const python = process.env['QFLEET_REFERENCE_PYTHON'];
  expect(python, 'the Python that the suites’ set-up made').toBeDefined();
  for (let trial = 0; trial < 3; trial++) {
    // Printed, so that a failure can be had again.
    const seed = 1 + Math.floor(Math.random() * 2 ** 20);
    console.log(`main.py ${seed}`);
    const printed = execFileSync(python!, [script, String(seed)], { maxBuffer: 1 << 26 });
    const reference = JSON.parse(printed.toString()) as TokenReference;
    for (const each of Object.values(reference.cases)) await checkTokenCase(each);
  }
});
