import type { Random } from '@qfleet/random';
import { describe, unknownName } from '@qfleet/spaces';
import { z } from 'zod';
import { isAdaptedText, markAdaptedText } from '../adapted.ts';
import { ContractError, EnvironmentDefinitionError } from '../errors.ts';
import { issueSentence } from '../issues.ts';
import { enterUserCode, leaveUserCode, running } from '../running.ts';
import { thrownText } from '../thrown.ts';
import { type Legal, legalAmong } from './legal-utterances.ts';
import { type OwnTokens, takeTokenizer } from './own-tokenizer.ts';
import type { TextData, TextDefinition, TextEnvironment, TextPolicy, TextStep } from './text-environment.ts';
import type { Tokenizer } from './tokenizer.ts';

/** What a step of a user's text environment returns. */
export interface OwnTextStep {
  /** Absent: nothing more is said. */
  text?: string;
  reward: number;
  /** The episode reached a terminal state. */
  terminated: boolean;
  /** The episode is cut for another reason; `maxTurns` is applied without it. */
  truncated?: boolean;
}

/** One copy of a user's text environment. */
export interface OwnTextEnvironment {
  /** Starts an episode and says its first text. `start` is given where the definition has `starts`, in evaluations. */
  reset(start?: number): string;
  /** Answers an utterance, given without the token that ends it. */
  step(utterance: string): OwnTextStep;
  close?(): void;
}

/** A user's text environment, as a module's default export gives it. */
export interface OwnTextDefinition extends OwnTokens {
  kind: 'text';
  id: string;
  summary?: string;
  /** The most tokens that an agent reads at once, its utterance included. Of longer dialogues it reads the last ones. */
  context: number;
  /** The number of texts that it reads before its utterance. Absent: all. */
  history?: number | null;
  /** Tokens after which an utterance is cut. Absent: a quarter of the context. */
  longestUtterance?: number;
  maxTurns?: number | null;
  starts?: number | null;
  /** All utterances that are legal. Give these or `legal`. */
  utterances?: readonly string[];
  /** The tokens that may come after those since the turn began, one at least: a pure function. */
  legal?(prefix: readonly number[]): ArrayLike<number>;
  /** The least and the largest return of an episode. */
  returns?: readonly [number, number];
  data?: TextData;
  /** Makes a scripted agent that is as good as can be. */
  bound?(random: Random): TextPolicy;
  /** Makes a copy. All randomness must come from `random`, so that a seed gives the same run again. */
  create(random: Random): OwnTextEnvironment;
}

const isFunction = (value: unknown): boolean => typeof value === 'function';
const functionOf = (signature: string) => z.custom(isFunction, `it must be a function ${signature}`);

/** The most tokens of a context. */
const MOST_CONTEXT = 65_536;

const schema = z.strictObject({
  kind: z.literal('text'),
  id: z.string().min(1),
  summary: z.string().optional(),
  vocabulary: z.array(z.string().min(1)).min(2).optional(),
  end: z.string().min(1).optional(),
  tokenizer: z.unknown().optional(),
  context: z.int().min(2).max(MOST_CONTEXT),
  history: z.int().min(1).nullish(),
  longestUtterance: z.int().min(1).max(MOST_CONTEXT).optional(),
  maxTurns: z.int().min(1).nullish(),
  starts: z.int().min(1).nullish(),
  utterances: z.array(z.string()).min(1).optional(),
  legal: functionOf('(prefix) => tokens').optional(),
  returns: z.tuple([z.number(), z.number()]).optional(),
  data: z.strictObject({ episodes: z.int().min(1), generate: functionOf('(random) => episode') }).optional(),
  bound: functionOf('(random) => policy').optional(),
  create: functionOf('(random) => environment'),
});

/**
 * A text environment of one's own; `createTextEnvironment` checks all that it says.
 *
 * @throws EnvironmentDefinitionError naming the field that is wrong.
 * @example
 * const echo = defineTextEnvironment({
 *   kind: 'text',
 *   id: 'Echo-v0',
 *   vocabulary: ['a', 'b', 'c'],
 *   context: 8,
 *   create: (random) => {
 *     let said = '';
 *     return {
 *       reset: () => (said = 'abc'[random.integer(3)]),
 *       step: (utterance) => ({ reward: utterance === said ? 1 : 0, terminated: true }),
 *     };
 *   },
 * });
 * echo.tokenizer.size; // → 4
 * // In a module that a configuration names: export default echo;
 */
export function defineTextEnvironment(own: OwnTextDefinition): TextDefinition {
  return adaptTextDefinition(own, typeof own?.id === 'string' ? `Environment ${own.id}` : 'An environment');
}

/** Whether a module's export says that it is a text environment. */
export const isTextDefinition = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'text';

/** The definition that `value` is or describes. `what` starts the sentence of an error. */
export function adaptTextDefinition(value: unknown, what: string): TextDefinition {
  if (isAdaptedText(value)) return value;
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const known = Object.keys(schema.shape);
    throw new EnvironmentDefinitionError(issueSentence(what, 'field', parsed.error, known, value));
  }
  const own = value as OwnTextDefinition;
  const { id, context, utterances, data } = own;
  const refuse = (field: string, why: string) =>
    new EnvironmentDefinitionError(`${what}, field ${field}: ${why}`);
  const tokenizer = takeTokenizer(own, what);
  const longestUtterance = own.longestUtterance ?? Math.ceil(context / 4);
  if (longestUtterance >= context) {
    throw refuse(
      'longestUtterance',
      `it must be less than the context, ${context}: the agent answers to a text.`,
    );
  }
  if (utterances !== undefined && own.legal !== undefined) {
    throw refuse('utterances', 'give them or legal, not both.');
  }
  const [least = 0, largest = 0] = own.returns ?? [];
  if (own.returns !== undefined && !(least < largest)) {
    throw refuse('returns', `the least, ${least}, must be below the largest, ${largest}.`);
  }
  const definition: TextDefinition = {
    kind: 'text',
    id,
    summary: own.summary ?? '',
    tokenizer,
    context,
    history: own.history ?? null,
    longestUtterance,
    maxTurns: own.maxTurns ?? null,
    starts: own.starts ?? null,
    ...legalOf(own, tokenizer, longestUtterance, refuse),
    returns: own.returns ?? null,
    known: {},
    ...(data === undefined ? {} : { data: checkedData(id, data) }),
    ...(own.bound === undefined ? {} : { bound: (random: Random) => own.bound!(random) }),
    create: (random) => new Adapted(own.create(random)),
  };
  return markAdaptedText(definition);
}

/** What is legal, of listed utterances or of the user's function. */
function legalOf(
  { id, utterances, legal }: OwnTextDefinition,
  tokenizer: Tokenizer,
  longest: number,
  refuse: (field: string, why: string) => Error,
): Pick<TextDefinition, 'legal' | 'utterances'> {
  if (legal !== undefined) return { legal: checkedLegal(id, legal, tokenizer) };
  if (utterances === undefined) return {};
  for (const utterance of utterances) {
    let tokens = 0;
    try {
      tokens = tokenizer.encode(utterance).length + 1;
    } catch (cause) {
      throw refuse('utterances', `${describe(utterance)} can't be encoded: ${(cause as Error).message}.`);
    }
    if (tokens > longest) {
      throw refuse(
        'utterances',
        `${describe(utterance)} has ${tokens} tokens with its end, and longestUtterance is ${longest}.`,
      );
    }
  }
  return { utterances, legal: legalAmong(utterances, tokenizer) };
}

/** A user's function that says what is legal, of which each answer is checked. */
function checkedLegal(
  id: string,
  legal: NonNullable<OwnTextDefinition['legal']>,
  { size }: Tokenizer,
): Legal {
  return (prefix) => {
    // It is asked within a turn: the place is that of the call before.
    enterUserCode('legal', id, running.slot, running.episode, running.step);
    let given: unknown;
    try {
      given = legal(Array.from(prefix));
    } catch (cause) {
      throw new ContractError(`legal threw: ${thrownText(cause)}.`, { cause });
    } finally {
      leaveUserCode();
    }
    if (typeof given !== 'object' || given === null || !('length' in given)) {
      throw new ContractError(`legal returned ${describe(given)}: it must be a list of tokens.`);
    }
    const tokens = Array.from(given as ArrayLike<number>);
    if (tokens.length === 0) {
      throw new ContractError('legal admits no token: it must admit one.');
    }
    const wrong = tokens.find((token) => !(Number.isInteger(token) && token >= 0 && token < size));
    if (wrong !== undefined) {
      throw new ContractError(`legal gave ${describe(wrong)}: a token is an integer of 0 to ${size - 1}.`);
    }
    return tokens;
  };
}

/** A user's generator. What it gives is checked where data are read. */
const checkedData = (id: string, { episodes, generate }: TextData): TextData => ({
  episodes,
  generate(random) {
    enterUserCode('data', id, 0, 0, 0);
    try {
      return generate(random);
    } catch (cause) {
      throw new EnvironmentDefinitionError(`Environment ${id}: data.generate threw: ${thrownText(cause)}.`, {
        cause,
      });
    } finally {
      leaveUserCode();
    }
  },
});

const stepFields = ['text', 'reward', 'terminated', 'truncated'];

/** A user's text environment behind the interface of ours. `createTextEnvironment` adds the place to what it throws. */
class Adapted implements TextEnvironment {
  readonly #own: OwnTextEnvironment;

  constructor(own: OwnTextEnvironment) {
    for (const method of ['reset', 'step'] as const) {
      if (!isFunction(own?.[method]))
        throw new ContractError(`create must return an object with ${method}().`);
    }
    this.#own = own;
  }

  reset(start?: number): string {
    return this.#own.reset(start);
  }

  step(utterance: string): TextStep {
    const result: unknown = this.#own.step(utterance);
    if (typeof result !== 'object' || result === null || result instanceof Promise) {
      throw new ContractError(
        `step returned ${describe(result)}: it must be { text?, reward, terminated, truncated? }.`,
      );
    }
    const unknown = Object.keys(result).find((field) => !stepFields.includes(field));
    if (unknown !== undefined)
      throw new ContractError(unknownName('what step returns', 'field', unknown, stepFields));
    const { text = '', reward, terminated, truncated = false } = result as OwnTextStep;
    return { text, reward, terminated, truncated };
  }

  close(): void {
    this.#own.close?.();
  }
}
