import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyModelFiles, saveWeights } from '@qfleet/networks';
import { onTestFinished } from 'vitest';
import { newModel, type TextResult, TextRun, trainText } from '../src/index.ts';
import { readText } from '../src/text/text-file.ts';
import { randomWindows } from '../src/text/windows.ts';

/** A training of a new decoder. */
export interface Training {
  readonly text: string;
  readonly context: number;
  readonly updates: number;
}

const LEARNING_RATE = 2e-3;
const SEED = 0;
const ROWS = 8;

/** What came of a training, and where PyTorch finds what it began with: a directory for the length of the test. */
export interface Trained {
  readonly result: TextResult;
  readonly directory: string;
}

/** Trains as `qfleet train text/lm` does, and writes what `reference/text-lm/main.py` reads. */
export async function trained({ text, context, updates }: Training): Promise<Trained> {
  const directory = mkdtempSync(join(tmpdir(), 'qfleet-text-lm-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const data = join(directory, 'text.txt');
  writeFileSync(data, text);
  const { training, heldOut, hash } = readText(data);
  using model = newModel(training, context, SEED);
  const encode = (part: string) => Int32Array.from(model.tokenizer.encode(part, false));
  const tokens = { training: encode(training), heldOut: encode(heldOut) };
  copyModelFiles(model.directory, directory);
  saveWeights(directory, model.type, model.shape, model.tensors);
  const size = { rows: ROWS, length: context };
  const windows = Array.from(
    { length: updates },
    (_, i) => randomWindows(tokens.training, size, SEED, i).tokens,
  );
  writeFileSync(
    join(directory, 'windows'),
    Buffer.concat(windows.map((each) => new Uint8Array(each.buffer))),
  );
  writeFileSync(join(directory, 'held-out'), tokens.heldOut);
  const asked = { context, learningRate: LEARNING_RATE, seed: SEED, maxUpdates: updates, maxSeconds: null };
  writeFileSync(join(directory, 'settings.json'), JSON.stringify({ ...asked, updates }));
  const path = join(directory, 'run');
  mkdirSync(path);
  const config = { ...{ task: 'text/lm' as const, data, text: hash, model: null }, ...asked };
  const run = TextRun.create(path, 'run', config);
  const result = await trainText(model, tokens, run, {
    ...{ ...asked, from: null, signal: new AbortController().signal },
    onProgress: () => undefined,
    onSample: () => undefined,
  });
  return { result, directory };
}

/** What `npm test` trains: some seconds of it. */
export const SHORT: Training = { text: sentences(400), context: 32, updates: 60 };

/** Sentences by a rule, the same each time: who, what and where follow from a number. */
function sentences(count: number): string {
  const who = ['the cat', 'a dog', 'my sister', 'the old man', 'nobody', 'each of the birds', 'the queen'];
  const what = ['sat', 'slept', 'sang aloud', 'was waiting', 'ate an apple', 'told a story'];
  const where = ['on the mat', 'by the door', 'in the garden', 'under a tree', 'at sea'];
  return Array.from({ length: count }, (_, i) => {
    const at = (i * i * 7 + i * 13) % 9973;
    const [subject, verb, place] = [
      who[at % 7],
      what[Math.floor(at / 7) % 6],
      where[Math.floor(at / 42) % 5],
    ];
    return `${subject} ${verb} ${place}, ${at % 3 === 0 ? 'and then it rained' : `for ${at % 12} hours`}.\n`;
  }).join('');
}
