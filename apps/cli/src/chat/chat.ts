import { randomInt } from 'node:crypto';
import { createInterface } from 'node:readline';
import { createDecoder, Dialogue, loadModel } from '@qfleet/networks';
import { Random } from '@qfleet/random';
import { UsageError } from '../errors.ts';
import { printPart } from '../terminal/output.ts';

/** Tokens beyond these, in order of probability, are never said. */
const TOP_P = 0.95;

const PROMPT = '> ';

/** `chat`: answers each line of stdin, as long as there are any. */
export async function chat(options: { model: string; temperature: number; seed?: number }): Promise<void> {
  const { model: directory, temperature, seed = randomInt(2 ** 32) } = options;
  const model = loadModel(directory);
  if (!model.shape.causal)
    throw new UsageError(`${directory} is an encoder, which does not speak: name a decoder's directory.`);
  if (model.tokenizer === null)
    throw new UsageError(`${directory} has no tokenizer.json, without which nobody can talk to it.`);
  const decoder = await createDecoder(model.shape, model.tensors, 1);
  const dialogue = new Dialogue(model, decoder, { temperature, topP: TOP_P }, new Random(seed));
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const lines = createInterface({ input: process.stdin });
  if (isTerminal) await printPart(PROMPT);
  for await (const line of lines) {
    if (line.trim() !== '') await answer(dialogue, line);
    if (isTerminal) await printPart(PROMPT);
  }
  if (isTerminal) await printPart('\n');
}

async function answer(dialogue: Dialogue, line: string): Promise<void> {
  const tell = (note: string) => process.stderr.write(`(${note})\n`);
  try {
    for (const event of dialogue.answer(line)) {
      if (event.kind === 'text') await printPart(event.text);
      else if (event.kind === 'full') tell('the context is full, so the answer ends here');
      else
        tell(
          `the context is full: the oldest ${event.turns === 1 ? 'turn is' : `${event.turns} turns are`} dropped`,
        );
    }
    await printPart('\n');
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    tell(error.message);
  }
}
