import { createDecoder, DecoderGraph, Generation, greedyTokens, loadModel } from '@qfleet/networks';
import { loadTensor } from '@qfleet/tensor';
import { answerMeasurements } from '../contest/contestant.ts';

/** What `generation-child` is told, as JSON in its one argument. */
export interface GenerationChildOptions {
  readonly directory: string;
  readonly dialogues: number;
  /** Tokens that each dialogue is given. */
  readonly tokens: number;
  /** Whether what was computed of earlier tokens is kept. */
  readonly isCached: boolean;
  /** What computes it. */
  readonly by: 'kernel' | 'libtensorflow';
}

/** Without a cache one token of each so many is generated, the middle one: what it costs grows evenly with the text. */
const STRIDE = 64;

// A program: one contestant of `qfleet bench language`. It measures a token, of dialogues that go on side by side from a
// token each.
const { directory, dialogues, tokens, isCached, by } = JSON.parse(process.argv[2]) as GenerationChildOptions;
const { shape, tensors } = loadModel(directory);
const decoder =
  by === 'kernel'
    ? await createDecoder(shape, tensors, dialogues)
    : new DecoderGraph(await loadTensor({ force: 'cpu', parallelism: 'cores' }), shape, tensors, dialogues);
const generation = new Generation(decoder);
if (isCached) await answerMeasurements(() => generate(1, tokens), dialogues * tokens);
else {
  const lengths = Array.from({ length: Math.ceil(tokens / STRIDE) }, (_, i) =>
    Math.min(tokens, i * STRIDE + STRIDE / 2),
  );
  await answerMeasurements(() => {
    for (const length of lengths) generate(length, 1);
  }, dialogues * lengths.length);
}

/** Generates `count` tokens for each dialogue, after texts of so many. */
function generate(length: number, count: number): void {
  const text = Array.from({ length }, (_, i) => i % shape.vocabulary);
  const missing = new Map(
    Array.from({ length: dialogues }, () => [generation.join(text, { select: greedyTokens }), count]),
  );
  while (missing.size > 0) {
    for (const { slot } of generation.step()) {
      const left = missing.get(slot)! - 1;
      missing.set(slot, left);
      if (left > 0) continue;
      missing.delete(slot);
      generation.leave(slot);
    }
  }
}
