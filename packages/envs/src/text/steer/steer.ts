import type { Random } from '@qfleet/random';
import { playEpisode } from '../play-episode.ts';
import type { KnownReturns, TextDefinition, TextEnvironment, TextPolicy } from '../text-environment.ts';
import { Vocabulary } from '../vocabulary.ts';
import { type Attribute, score } from './attributes.ts';
import { ADJECTIVES, PLACES, RHYMES, SUBJECTS, VERBS } from './lexicon.ts';
import { bestLine, firstLine, secondLine } from './verses.ts';

/** Mean attributes of the data (of rhymes exact, else of 100,000 lines, standard error 0.0006) and of the bound. */
const KNOWN: Readonly<Record<Attribute, KnownReturns>> = {
  rhyme: { data: 0.2025, bound: 1 },
  length: { data: 0.443, bound: 1 },
  sentiment: { data: 0.131, bound: 1 },
};

/**
 * `text/steer`: go on with a line of verse, so that an attribute of the continuation rises, while the agent stays near the
 * language model that it began as. How far it is from that, in nats a continuation, is the agent's to measure.
 */
export function steer(id: string, { attribute }: { attribute: Attribute }): TextDefinition {
  const create = (random: Random): TextEnvironment => {
    let prompt = '';
    return {
      reset() {
        prompt = firstLine(random);
        return prompt;
      },
      step: (utterance) => ({
        text: '',
        reward: score(attribute, prompt, utterance),
        terminated: true,
        truncated: false,
      }),
      setState(state) {
        if (typeof state !== 'string' || state === '')
          throw new RangeError('a state is the line to go on with, a text.');
        prompt = state;
        return prompt;
      },
    };
  };
  const speaker = (say: (prompt: string) => string): TextPolicy => ({ reset: () => undefined, answer: say });
  return {
    kind: 'text',
    id,
    native: true,
    summary: 'Go on with a line of verse so that rhyme, length or sentiment rises, near the language model.',
    tokenizer: vocabulary(),
    context: 64,
    history: null,
    longestUtterance: 32,
    maxTurns: null,
    starts: null,
    returns: [0, 1],
    known: KNOWN[attribute],
    data: {
      episodes: 20_000,
      generate: (random) =>
        playEpisode(
          create(random),
          speaker((prompt) => secondLine(prompt, random)),
        ),
    },
    bound: (random) => speaker((prompt) => bestLine(prompt, random)),
    create,
  };
}

/** A token for each word of the verses, with a space before it and without, and for each printable character of ASCII. */
function vocabulary(): Vocabulary {
  const words = [
    'the',
    'and',
    ...SUBJECTS,
    ...PLACES,
    ...ADJECTIVES.flat(),
    ...VERBS.flat(),
    ...RHYMES.flat(),
  ];
  const characters = ['\n', ...Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))];
  return new Vocabulary([...new Set([...characters, ',\n', ...words, ...words.map((word) => ` ${word}`)])]);
}
