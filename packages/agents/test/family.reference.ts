import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { checkLoss, checkNetwork, checkUpdates, type FamilyReference } from './family-checks.ts';

const script = fileURLToPath(new URL('./reference/family/main.py', import.meta.url));

it('the family is PyTorch’s on fresh inputs', async () => {
  const python = process.env['QFLEET_REFERENCE_PYTHON'];
  expect(python, 'the Python that the suites’ set-up made').toBeDefined();
  for (let trial = 0; trial < 3; trial++) {
    // Printed, so that a failure can be had again.
    const seed = 1 + Math.floor(Math.random() * 2 ** 20);
    console.log(`main.py ${seed}`);
    const printed = execFileSync(python!, [script, String(seed)], { maxBuffer: 1 << 26 });
    const reference = JSON.parse(printed.toString()) as FamilyReference;
    for (const each of reference.losses) await checkLoss(each);
    for (const each of reference.networks) await checkNetwork(each);
    for (const each of Object.values(reference.updates)) await checkUpdates(each, seed + 11);
  }
});
