import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, it } from 'vitest';
import { checkLstm, checkUpdates, type R2d2Reference } from './r2d2-checks.ts';

/** What reference/r2d2/main.py printed for seed 0. */
const reference = JSON.parse(
  gunzipSync(readFileSync(new URL('./reference/r2d2/r2d2.json.gz', import.meta.url))).toString(),
) as R2d2Reference;

describe('PyTorch’s', () => {
  it.each(reference.lstms)('are an LSTM’s outputs, memory and gradients: $name', checkLstm);

  it('are 200 updates of R2D2', () => checkUpdates(reference.updates, reference.seed + 11));
});
