import {
  createDecoder,
  evaluateRows,
  Generation,
  greedyTokens,
  type HubModel,
  languageNetwork,
  loadModel,
  loadTokenizer,
} from '@qfleet/networks';
import { loadTensor } from '@qfleet/tensor';
import { readJson } from '../read-json.ts';
import { print, printJson, printPart } from '../terminal/output.ts';
import { checkTrace, type TokenTrace, traceInput } from './trace-input.ts';

/** `model trace`: prints what a model makes of the tokens or texts of a file, as one JSON document. */
export async function trace(directory: string, path: string): Promise<void> {
  const input = traceInput(await readJson(path), path);
  if ('text' in input) {
    const tokenizer = loadTokenizer(directory);
    const ids = input.text.map((text) => tokenizer.encode(text));
    return printJson({ ids, decoded: ids.map((each) => tokenizer.decode(each)) });
  }
  const model = loadModel(directory);
  checkTrace(input, model.shape, path);
  if (input.generate !== null) return printJson({ tokens: await generate(model, input) });
  await printOutputs(model, input);
}

/** The likeliest tokens after each row. Padding is left out: a row's tokens are those of its mask. */
async function generate({ shape, tensors }: HubModel, trace: TokenTrace): Promise<number[][]> {
  const slots = trace.ids.length;
  const generation = new Generation(await createDecoder(shape, tensors, slots));
  const legal = new Uint8Array(shape.vocabulary).fill(1);
  for (const token of trace.forbid) legal[token] = 0;
  for (const [row, ids] of trace.ids.entries()) {
    const prompt = ids.filter((_, i) => trace.mask[row][i] === 1);
    generation.join(prompt, { select: greedyTokens, legal: () => legal });
  }
  const tokens: number[][] = trace.ids.map(() => []);
  // Rows join in their order: each has the slot of its number.
  const unfinished = new Set(tokens.keys());
  while (unfinished.size > 0)
    for (const { slot, token } of generation.step(unfinished))
      if (tokens[slot].push(token) === trace.generate) unfinished.delete(slot);
  return tokens;
}

/** The document is written row by row: logits of long texts are more than a string can hold. */
async function printOutputs({ shape, tensors }: HubModel, trace: TokenTrace): Promise<void> {
  // Where a GPU computes, it has to compute in float32, not in its own shorter numbers.
  process.env['NVIDIA_TF32_OVERRIDE'] ??= '0';
  const runtime = await loadTensor({ parallelism: 'cores' });
  const flat = (rows: readonly (readonly number[])[]) => Int32Array.from(rows.flat());
  const [rows, length] = [trace.ids.length, trace.ids[0].length];
  const columns = trace.positions ?? Array.from({ length }, (_, i) => i);
  const given = {
    ...{ rows, ids: flat(trace.ids), mask: flat(trace.mask) },
    ...(trace.tokenTypes ? { types: flat(trace.tokenTypes) } : {}),
  };
  const hidden: string[] = [];
  let before = shape.head === null ? '{' : '{"logits":[';
  for (const { features, logits } of evaluateRows(runtime, languageNetwork(shape), tensors, given, columns)) {
    if (!shape.causal) {
      const asked = columns.map((column) =>
        features.subarray(column * shape.width, (column + 1) * shape.width),
      );
      hidden.push(`[${asked.map(numbers).join(',')}]`);
    }
    if (logits === null) continue;
    for (let i = 0; i < columns.length; i++) {
      const row = logits.subarray(i * shape.vocabulary, (i + 1) * shape.vocabulary);
      await printPart(`${i === 0 ? `${before}[` : ','}${numbers(row)}`);
    }
    await printPart(columns.length === 0 ? `${before}[]` : ']');
    before = ',';
  }
  const all = shape.causal ? '' : `"hidden":[${hidden.join(',')}]`;
  await print(`${shape.head === null ? '{' : `]${all && ','}`}${all}}`);
}

/** Numbers of float32 as JSON, with the nine digits that tell one from the next. */
function numbers(values: Float32Array): string {
  const texts = new Array<string>(values.length);
  for (let i = 0; i < values.length; i++) texts[i] = String(Number(values[i].toPrecision(9)));
  return `[${texts.join(',')}]`;
}
