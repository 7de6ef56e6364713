import { Random } from '@qfleet/random';
import { z } from 'zod';
import { EnvironmentDefinitionError, EnvironmentError } from '../errors.ts';
import { issueSentence } from '../issues.ts';
import { createTextEnvironment } from './create-text-environment.ts';
import type { TextDefinition, TextEnvironment } from './text-environment.ts';

/** What a text environment answered: its first text, and T steps. */
export interface TextTrace {
  readonly initial: string;
  /** [T]: what came after each utterance, before any reset. */
  readonly texts: string[];
  readonly rewards: number[];
  readonly terminated: boolean[];
  readonly truncated: boolean[];
  /** [T]: whether each utterance is legal, where the environment says what is. */
  readonly legal?: boolean[];
}

const schema = z.strictObject({
  actions: z.array(z.string()),
  seed: z.int().min(0).max(0xffffffff).optional(),
  start: z.int().min(0).optional(),
  state: z.unknown().optional(),
  options: z.record(z.string(), z.unknown()).optional(),
  autoreset: z.boolean().default(false),
});

const STARTS = ['seed', 'start', 'state'] as const;

/**
 * Says given utterances, to hold a text environment against another implementation.
 *
 * @param definition made with `traceOptions(input)`.
 * @param input `actions`, the utterances, each with or without what ends it; and one of `seed` (of a reset), `start` (one of
 *   the definition's) and `state` (each environment has its own). With `autoreset` an episode's end is followed by a
 *   reset; else the trace ends there, and utterances beyond are not said.
 * @throws EnvironmentDefinitionError when the input is not of that form or does not fit the environment;
 *   EnvironmentError when the environment itself fails.
 */
export function traceTextEnvironment(definition: TextDefinition, input: unknown): TextTrace {
  const what = `A trace of ${definition.id}`;
  const parsed = schema.safeParse(input);
  if (!parsed.success) {
    const known = Object.keys(schema.shape);
    throw new EnvironmentDefinitionError(issueSentence(what, 'field', parsed.error, known, input));
  }
  const { actions, autoreset, ...start } = parsed.data;
  const given = STARTS.filter((field) => start[field] !== undefined);
  if (given.length !== 1) {
    const instead = given.length === 0 ? '' : `, not ${given.join(' and ')}`;
    throw new EnvironmentDefinitionError(
      `${what} starts from seed, start or state: give one of them${instead}.`,
    );
  }
  const environment = createTextEnvironment(definition, new Random(start.seed ?? 0));
  try {
    const trace: TextTrace = {
      initial: begin(environment, start),
      texts: [],
      rewards: [],
      terminated: [],
      truncated: [],
      ...(definition.legal === undefined ? {} : { legal: [] }),
    };
    for (const action of actions) {
      const utterance = withoutEnd(action, definition);
      const { text, reward, terminated, truncated } = environment.step(utterance);
      trace.texts.push(text);
      trace.rewards.push(reward);
      trace.terminated.push(terminated);
      trace.truncated.push(truncated);
      trace.legal?.push(isLegal(utterance, definition));
      if (!terminated && !truncated) continue;
      if (!autoreset) break;
      environment.reset();
    }
    return trace;
  } finally {
    environment.close?.();
  }
}

/** Begins the episode. A start or state that the environment refuses is the caller's mistake. */
function begin(
  environment: TextEnvironment,
  { start, state }: { start?: number | undefined; state?: unknown },
): string {
  try {
    return state === undefined ? environment.reset(start) : environment.setState!(state);
  } catch (cause) {
    const isGiven = start !== undefined || state !== undefined;
    if (isGiven && cause instanceof EnvironmentError)
      throw new EnvironmentDefinitionError(cause.message, { cause });
    throw cause;
  }
}

function withoutEnd(utterance: string, { tokenizer }: TextDefinition): string {
  const end = tokenizer.decode([tokenizer.end]);
  return end !== '' && utterance.endsWith(end) ? utterance.slice(0, -end.length) : utterance;
}

function isLegal(utterance: string, { legal, tokenizer }: TextDefinition): boolean {
  let tokens: number[];
  try {
    tokens = [...tokenizer.encode(utterance), tokenizer.end];
  } catch {
    return false;
  }
  return tokens.every((token, i) => legal!(tokens.slice(0, i)).includes(token));
}
