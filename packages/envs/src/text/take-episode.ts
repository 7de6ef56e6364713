import { describe, unknownName } from '@qfleet/spaces';
import { EnvironmentDefinitionError } from '../errors.ts';
import type { TextDefinition, TextEpisode, Turn } from './text-environment.ts';
import { lengthProblem } from './text-length.ts';
import { utteranceProblem } from './utterance-problem.ts';

const episodeFields = ['turns', 'terminated', 'truncated'];
const turnFields = ['who', 'text', 'reward'];

/** Turns that an episode may have. */
const MOST_TURNS = 100_000;

/**
 * The episode that came from elsewhere, of a file or a user's generator. It begins with a text of the environment, each text
 * can be encoded, each utterance is legal and has a reward, and it either terminated or was truncated.
 *
 * @param where it came from: the sentence of an error begins with it.
 * @throws EnvironmentDefinitionError naming the turn, counted from 1.
 */
export function takeEpisode(value: unknown, definition: TextDefinition, where: string): TextEpisode {
  const refuse = (problem: string): EnvironmentDefinitionError =>
    new EnvironmentDefinitionError(`${where}: ${problem}`);
  const episode = fieldsOf(value, episodeFields, 'an episode', refuse);
  const { turns, terminated = false, truncated = false } = episode;
  if (!Array.isArray(turns)) throw refuse(`turns is ${describe(turns)}: it must be a list of turns.`);
  if (turns.length > MOST_TURNS) throw refuse(`it has ${turns.length} turns: ${MOST_TURNS} is the most.`);
  for (const [name, flag] of Object.entries({ terminated, truncated })) {
    if (typeof flag !== 'boolean') throw refuse(`${name} is ${describe(flag)}: it must be true or false.`);
  }
  if (terminated === truncated) {
    throw refuse(
      `terminated and truncated are both ${terminated}: say true for the way in which the episode ended.`,
    );
  }
  const taken = turns.map((turn, i) =>
    takeTurn(turn, definition, (problem) => refuse(`turn ${i + 1}: ${problem}`)),
  );
  if (taken[0]?.who !== 'environment') {
    throw refuse('it does not begin with a text of the environment, which the agent answers.');
  }
  if (!taken.some(({ who }) => who === 'agent')) throw refuse('no turn of it is the agent’s.');
  for (const [i, { who, text }] of taken.entries()) {
    if (who === 'agent') continue;
    const problem = lengthProblem(definition.tokenizer.encode(text).length, definition, i < taken.length - 1);
    if (problem !== null) throw refuse(`turn ${i + 1}: its text ${problem}`);
  }
  const doubled = taken.findIndex(({ who }, i) => who === 'environment' && taken[i + 1]?.who === who);
  if (doubled >= 0)
    throw refuse(`turn ${doubled + 2}: it is the environment's as the one before: join them.`);
  return { turns: taken, terminated: terminated as boolean, truncated: truncated as boolean };
}

function takeTurn(value: unknown, definition: TextDefinition, refuse: (problem: string) => Error): Turn {
  const { who, text, reward } = fieldsOf(value, turnFields, 'a turn', refuse);
  if (who !== 'agent' && who !== 'environment') {
    throw refuse(`who is ${describe(who)}: it must be "agent" or "environment".`);
  }
  if (typeof text !== 'string') throw refuse(`text is ${describe(text)}: it must be a text.`);
  if (!text.isWellFormed()) throw refuse('text is not valid Unicode.');
  const tokens = encoded(text, definition, refuse);
  if (who === 'environment') {
    if (text === '') throw refuse('text is empty: leave the turn out.');
    if (reward !== undefined && reward !== 0)
      throw refuse(`reward is ${describe(reward)}: rewards belong to the agent's turns.`);
    return { who, text, reward: 0 };
  }
  if (typeof reward !== 'number' || !Number.isFinite(Math.fround(reward))) {
    throw refuse(
      reward === undefined
        ? 'it has no reward: it must be a number.'
        : `reward is ${describe(reward)}: it must be a finite float32 number.`,
    );
  }
  const problem = utteranceProblem(text, [...tokens, definition.tokenizer.end], definition);
  if (problem !== null) throw refuse(problem);
  return { who, text, reward };
}

function encoded(text: string, { tokenizer }: TextDefinition, refuse: (problem: string) => Error): number[] {
  try {
    return tokenizer.encode(text);
  } catch (cause) {
    throw refuse(`the tokenizer can't encode the text: ${(cause as Error).message}.`);
  }
}

/** The fields of an object that has no others. */
function fieldsOf(
  value: unknown,
  known: readonly string[],
  what: string,
  refuse: (problem: string) => Error,
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refuse(`${what} is an object, not ${describe(value)}.`);
  }
  const unknown = Object.keys(value).find((field) => !known.includes(field));
  if (unknown !== undefined) throw refuse(unknownName(what, 'field', unknown, known));
  return value as Record<string, unknown>;
}
