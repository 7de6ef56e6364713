import type { Random } from '@qfleet/random';
import { pick } from '../draw.ts';
import { ADJECTIVES, PLACES, RHYMES, SUBJECTS, VERBS } from './lexicon.ts';

/** The chance that a second line is made to rhyme, that a noun has an adjective, and that a clause follows. */
const RHYMES_CHANCE = 0.12;
const ADJECTIVE_CHANCE = 0.5;
const CLAUSE_CHANCE = 0.3;
const MOST_CLAUSES = 4;

const ENDINGS = RHYMES.flat();

/** Words of which lines consist, chosen one by one. */
interface Choices {
  adjective(): string | null;
  verb(): string;
  /** Whether one more clause follows. */
  goesOn(): boolean;
  ending: string;
}

/** A line: clauses of a subject and a verb, the last of them at a place. */
function line({ adjective, verb, goesOn, ending }: Choices, random: Random): string {
  const noun = (word: string): string => ['the', adjective(), word].filter((each) => each !== null).join(' ');
  const clause = () => `${noun(pick(SUBJECTS, random))} ${verb()}`;
  let text = clause();
  while (goesOn()) text += ` and ${clause()}`;
  return `${text} ${pick(PLACES, random)} ${noun(ending)}`;
}

function drawn(ending: string, random: Random): Choices {
  let clauses = 1;
  return {
    ending,
    adjective: () => (random.uniform() < ADJECTIVE_CHANCE ? pick(pick(ADJECTIVES, random), random) : null),
    verb: () => pick(pick(VERBS, random), random),
    goesOn: () => clauses++ < MOST_CLAUSES && random.uniform() < CLAUSE_CHANCE,
  };
}

/** The words that rhyme with the last one of a line. */
const rhymesWith = (prompt: string): string[] => {
  const last = /([a-z]+),?\s*$/.exec(prompt)?.[1] ?? '';
  return (
    RHYMES.find((family) => (family as readonly string[]).includes(last))?.filter((each) => each !== last) ??
    []
  );
};

/** A first line, with a comma at its end. */
export const firstLine = (random: Random): string =>
  `${line(drawn(pick(ENDINGS, random), random), random)},\n`;

/** A second line as the data have them. */
export function secondLine(prompt: string, random: Random): string {
  const ending = pick(random.uniform() < RHYMES_CHANCE ? rhymesWith(prompt) : ENDINGS, random);
  return `${line(drawn(ending, random), random)}.`;
}

/** A second line in which all that can be chosen is at its best: it rhymes, is cheerful and long. */
export function bestLine(prompt: string, random: Random): string {
  let clauses = 1;
  const choices: Choices = {
    ending: pick(rhymesWith(prompt), random),
    adjective: () => pick(ADJECTIVES[0], random),
    verb: () => pick(VERBS[0], random),
    goesOn: () => clauses++ < MOST_CLAUSES,
  };
  return `${line(choices, random)}.`;
}
