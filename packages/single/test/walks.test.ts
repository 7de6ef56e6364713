import { loadRunConfig } from '@qfleet/config';
import { EvaluationPlayer, requestOf } from '@qfleet/training';
import { expect, it } from 'vitest';
import { trainSingle } from '../src/index.ts';

it('ILQL learns from walks that reach 0.35 to walk at 0.9, sampled', { timeout: 600_000 }, async () => {
  const config = loadRunConfig({ preset: 'walks' }, ['stop.maxUpdates=600', 'evaluation.every=200']);
  const { parameters, updates } = await trainSingle(config);
  const player = await EvaluationPlayer.create(config);
  const request = requestOf({ updates, version: 1, parameters: parameters! }, 200, 1);
  const result = await player.play(request, { decode: 'sample' });
  const byLanguage = await player.play(request, { decode: 'sample', beta: 0 });
  expect(result!.mean).toBeGreaterThan(0.9);
  // The language model alone walks as the data do.
  expect(byLanguage!.mean).toBeLessThan(0.5);
});
