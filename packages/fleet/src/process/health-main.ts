import { statSync } from 'node:fs';
import { readStallSeconds } from './process-env.ts';

// A program for the health check of a container: it tells whether the process that touches QFLEET_HEALTH_FILE still
// runs its event loop.
const file = process.env['QFLEET_HEALTH_FILE'] ?? '';
const age =
  (Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Number.NEGATIVE_INFINITY)) / 1000;
if (age > readStallSeconds(process.env)) {
  console.log(
    Number.isFinite(age)
      ? `It has stood still for ${age.toFixed(0)} seconds.`
      : `It has not made ${file} yet.`,
  );
  process.exitCode = 1;
}
