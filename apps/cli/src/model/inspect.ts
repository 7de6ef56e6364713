import { basename } from 'node:path';
import { type HubModel, loadModel, type TransformerShape } from '@qfleet/networks';
import { bytes, integer, print, printJson, short, shown, table } from '../terminal/output.ts';

/** `model inspect`: says what a directory's model is, and what is odd about it. */
export async function inspect(directory: string, options: { json?: true }): Promise<void> {
  const model = loadModel(directory);
  const odd = oddities(model);
  if (options.json) return printJson({ ...described(model), odd });
  await print(table(lines(model)));
  if (odd.length > 0) await print(['', ...odd].join('\n'));
}

function described({ directory, type, shape, tokenizer, ends, about }: HubModel) {
  return {
    directory,
    kind: shape.causal ? 'decoder' : 'encoder',
    ...{ type, parameters: about.parameters, bytes: about.bytes },
    ...{ cacheBytesPerToken: cacheBytes(shape), dtypes: about.dtypes, files: about.files, shape },
    tokenizer: tokenizer && { kind: tokenizer.kind, tokens: tokenizer.tokens },
    endTokens: ends,
  };
}

/** Bytes of keys and values of a token. */
function cacheBytes({ causal, layers, keyValueHeads, headSize }: TransformerShape): number {
  return causal ? 2 * layers * keyValueHeads * headSize * 4 : 0;
}

function lines({ directory, type, shape, tokenizer, about }: HubModel): string[][] {
  const { causal, heads, keyValueHeads, headSize, positions, head, norm, gated, activation } = shape;
  const groups = keyValueHeads === heads ? '' : `, ${keyValueHeads} of keys and values`;
  const places =
    positions.kind === 'learned'
      ? 'learned'
      : `rotary, ${positions.size} of ${headSize} numbers, θ ${integer(positions.theta)}${positions.factor === 1 ? '' : `, scaled by ${positions.factor}`}`;
  const heading =
    head === null ? 'none' : `over ${integer(shape.vocabulary)} tokens, ${head.tied ? 'tied' : 'its own'}`;
  return [
    ['model', `${shown(directory)}, ${type}, ${causal ? 'a decoder' : 'an encoder'}`],
    ['parameters', `${short(about.parameters)} (${integer(about.parameters)})`],
    [
      'memory',
      `${bytes(about.bytes)}${causal ? `, and ${bytes(cacheBytes(shape))} for each token of a text` : ''}`,
    ],
    ['files', `${about.files.map((path) => basename(path)).join(', ')}: ${about.dtypes.join(', ')}`],
    ['layers', `${shape.layers} × ${integer(shape.width)}, ${heads} heads of ${headSize}${groups}`],
    ['hidden layer', `${integer(shape.inner)}, ${activation}${gated ? ', gated' : ''}`],
    ['norm', `${norm.kind}, ${shape.residual}`],
    ['positions', `${places}, up to ${integer(shape.context)}`],
    ['head', heading],
    ['tokenizer', tokenizer ? `${tokenizer.kind}, ${integer(tokenizer.tokens)} tokens` : 'none'],
  ];
}

/** A sentence for each thing that is odd, and no error. */
function oddities({ shape, tokenizer, ends, about }: HubModel): string[] {
  const { passedOver } = about;
  const odd: string[] = [];
  if (passedOver.length > 0)
    odd.push(
      `Not used: ${passedOver.length} stored ${passedOver.length === 1 ? 'tensor' : 'tensors'}, as ${passedOver[0]}.`,
    );
  if (tokenizer === null) odd.push('There is no tokenizer.json: the model takes tokens, and no texts.');
  else if (tokenizer.tokens < shape.vocabulary)
    odd.push(`The tokenizer has ${integer(shape.vocabulary - tokenizer.tokens)} tokens less than the model.`);
  if (shape.causal && ends.length === 0) odd.push('Nothing says which token ends a text.');
  if (ends.some((token) => token >= shape.vocabulary))
    odd.push(
      `A text's end is token ${ends.find((token) => token >= shape.vocabulary)}, which the model does not have.`,
    );
  return odd;
}
