import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, it } from 'vitest';
import { checkLoss, checkNetwork, checkUpdates, type FamilyReference } from './family-checks.ts';

/** What reference/family/main.py printed for seed 0. */
const reference = JSON.parse(
  gunzipSync(readFileSync(new URL('./reference/family/family.json.gz', import.meta.url))).toString(),
) as FamilyReference;

describe('PyTorch’s, at random and at the corners', () => {
  it.each(reference.losses)('are targets, loss, gradient and priorities: $name', checkLoss);

  it.each(reference.networks)('are a network’s outputs and gradients: $name', checkNetwork);

  it.each(Object.entries(reference.updates))('are 200 updates: %s', (_name, updates) =>
    checkUpdates(updates, reference.seed + 11),
  );
});
