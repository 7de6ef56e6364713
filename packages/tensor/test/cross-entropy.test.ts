import { expect, it } from 'vitest';
import { loadTensor } from '../src/index.ts';
import { expectCrossEntropy } from './cross-entropy.ts';
import { hasLibrary } from './native.ts';

it.skipIf(!hasLibrary)('cross-entropy and its gradient are what they are defined as', async () => {
  const runtime = await loadTensor({ force: 'cpu' });
  for (const eager of [true, false]) expectCrossEntropy(runtime, eager);
  expect(runtime.tf.memory().numTensors).toBe(0);
});
