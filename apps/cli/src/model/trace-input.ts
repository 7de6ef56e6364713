import type { TransformerShape } from '@qfleet/networks';
import { UsageError } from '../errors.ts';

/** What `model trace` is asked: to compute on tokens, or to make tokens of texts. */
export type TraceInput = { readonly text: readonly string[] } | TokenTrace;

/** Rows of tokens of one length, padded where they are shorter. */
export interface TokenTrace {
  readonly ids: readonly (readonly number[])[];
  /** 1 for tokens, 0 for padding. */
  readonly mask: readonly (readonly number[])[];
  readonly tokenTypes: readonly (readonly number[])[] | null;
  /** The columns that logits are asked for; null: all. */
  readonly positions: readonly number[] | null;
  /** How many tokens to generate; null: logits are asked for. */
  readonly generate: number | null;
  /** Tokens that are never generated. */
  readonly forbid: readonly number[];
}

const FIELDS = ['ids', 'mask', 'tokenTypes', 'positions', 'generate', 'forbid'];

/**
 * Reads the input of `model trace`.
 *
 * @param path of the file, for messages.
 * @throws UsageError with one sentence on what is not as it must be.
 */
export function traceInput(input: unknown, path: string): TraceInput {
  const refuse = refusal(path);
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    refuse('it holds no object: give {"ids":[[…]]} or {"text":["…"]}');
  const fields = input as Readonly<Record<string, unknown>>;
  if ('text' in fields) {
    const { text } = fields;
    const other = Object.keys(fields).find((name) => name !== 'text');
    if (other !== undefined) refuse(`it has text and ${other}: texts are given alone`);
    if (!Array.isArray(text) || !text.every((each) => typeof each === 'string'))
      refuse('text has to be a list of texts');
    return { text: text as string[] };
  }
  const unknown = Object.keys(fields).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined)
    refuse(`'${unknown}' is not known: there are ${FIELDS.join(', ')}, or text alone`);
  const ids = rowsOf(fields['ids'], 'ids', refuse);
  const alike = (name: string) => {
    const rows = rowsOf(fields[name], name, refuse);
    if (rows.length !== ids.length || rows[0].length !== ids[0].length)
      refuse(`${name} is ${rows.length} × ${rows[0].length}, and ids is ${ids.length} × ${ids[0].length}`);
    return rows;
  };
  const mask = fields['mask'] === undefined ? ids.map((row) => row.map(() => 1)) : alike('mask');
  if (mask.some((row) => row.some((each) => each > 1))) refuse('mask may hold 0 and 1 alone');
  const padding = mask.findIndex((row) => !row.includes(1));
  if (padding >= 0) refuse(`row ${padding} of mask has no 1: each row needs a token`);
  const { generate = null } = fields;
  if (generate !== null && !(isWhole(generate) && generate > 0))
    refuse('generate has to be a whole number from 1 on');
  return {
    ...{ ids, mask, generate: generate as number | null },
    tokenTypes: fields['tokenTypes'] === undefined ? null : alike('tokenTypes'),
    positions: fields['positions'] === undefined ? null : wholesOf(fields['positions'], 'positions', refuse),
    forbid: fields['forbid'] === undefined ? [] : wholesOf(fields['forbid'], 'forbid', refuse),
  };
}

/**
 * Holds the input against the model.
 *
 * @throws UsageError with one sentence on what the model does not have.
 */
export function checkTrace(trace: TokenTrace, shape: TransformerShape, path: string): void {
  const refuse = refusal(path);
  const { ids, mask, tokenTypes, positions, generate, forbid } = trace;
  const { vocabulary, context, tokenTypes: kinds } = shape;
  const below = (values: readonly number[], limit: number, name: string, what: string) => {
    const beyond = values.find((each) => each >= limit);
    if (beyond !== undefined) refuse(`${name} has ${beyond}, and ${what}`);
  };
  below(ids.flat(), vocabulary, 'ids', `the model's tokens are 0 to ${vocabulary - 1}`);
  below(forbid, vocabulary, 'forbid', `the model's tokens are 0 to ${vocabulary - 1}`);
  if (tokenTypes !== null) {
    if (kinds === 0) refuse('it has tokenTypes, and the tokens of this model have no types');
    below(tokenTypes.flat(), kinds, 'tokenTypes', `the model's types are 0 to ${kinds - 1}`);
  }
  below(positions ?? [], ids[0].length, 'positions', `the columns of ids are 0 to ${ids[0].length - 1}`);
  if (generate !== null && !shape.causal) refuse('it asks to generate, and the model is an encoder');
  if (generate === null && forbid.length > 0) refuse('forbid is for what is generated: give generate too');
  if (generate !== null && new Set(forbid).size === vocabulary) refuse('forbid has all tokens of the model');
  for (const [row, each] of mask.entries()) {
    const tokens = each.lastIndexOf(1) - each.indexOf(1) + 1;
    if (tokens > context) refuse(`row ${row} has ${tokens} tokens, and the model's context is ${context}`);
    // The last one is not read any more.
    if (generate !== null && tokens + generate - 1 > context)
      refuse(
        `row ${row} has ${tokens} tokens and ${generate} are to follow, and the model's context is ${context}`,
      );
  }
}

type Refuse = (problem: string) => never;

const refusal =
  (path: string): Refuse =>
  (problem) => {
    throw new UsageError(`${path}: ${problem}.`);
  };

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function wholesOf(value: unknown, name: string, refuse: Refuse): number[] {
  if (!Array.isArray(value) || !value.every(isWhole)) refuse(`${name} has to be a list of whole numbers`);
  return value as number[];
}

/** Rows of whole numbers, one at least, of one length above 0. */
function rowsOf(value: unknown, name: string, refuse: Refuse): number[][] {
  if (!Array.isArray(value) || value.length === 0) refuse(`${name} has to be a list of rows, one at least`);
  const rows = (value as unknown[]).map((row) => wholesOf(row, `each row of ${name}`, refuse));
  const { length } = rows[0];
  if (length === 0) refuse(`${name} has an empty row`);
  const other = rows.findIndex((row) => row.length !== length);
  if (other >= 0)
    refuse(
      `row ${other} of ${name} has ${rows[other].length} tokens and row 0 has ${length}: pad them to one length, and say with mask which are padding`,
    );
  return rows;
}
