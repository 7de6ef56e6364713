import { Random } from '@qfleet/random';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createTextEnvironment,
  findTextEnvironment,
  generateEpisodes,
  playEpisode,
  returnOf,
  type TextDefinition,
  type TextPolicy,
} from '../../src/index.ts';
import { coloursOf, feedbackOf } from '../../src/text/wordle/feedback.ts';
import { spell, WordList, WordleGame } from '../../src/text/wordle/game.ts';
import { randomGuesser } from '../../src/text/wordle/policies.ts';
import { WORDS } from '../../src/text/wordle/words.ts';
import { boundReturns, expectFits, expectMean, mean } from './support.ts';

const small = findTextEnvironment('text/wordle', { words: 60 });
const large = findTextEnvironment('text/wordle');

/** The list of a task, from what it allows. */
const listOf = ({ utterances }: TextDefinition) =>
  new WordList(utterances!.map((utterance) => utterance.replaceAll(' ', '')));

function returnsOf(definition: TextDefinition, policy: TextPolicy, episodes: number): number[] {
  const environment = createTextEnvironment(definition, new Random(3));
  return Array.from({ length: episodes }, () => returnOf(playEpisode(environment, policy)));
}

describe('the rules', () => {
  test('come with the 2,315 answers of the original game', () => {
    expect(WORDS.length).toBe(2_315);
    expect(new Set(WORDS).size).toBe(2_315);
    for (const word of WORDS) expect(word).toMatch(/^[a-z]{5}$/);
  });

  test.each([
    ['stare', 'grape', 'b b g y g'],
    ['aabbb', 'caaaa', 'y g b b b'], // Letters are not counted: both a are somewhere.
    ['eerie', 'crane', 'y y y b g'],
    ['crane', 'crane', 'g g g g g'],
  ])('feedback of %s, where the secret is %s', (guess, secret, told) => {
    expect(coloursOf(feedbackOf(guess, secret)).join(' ')).toBe(told);
  });

  const list = new WordList(['crane', 'eerie', 'stare']);

  test('reward each wrong guess with −1, in texts as published', () => {
    const game = new WordleGame(list, 'colours');
    expect(game.begin('crane')).toBe('Wordle:\n');
    const answer = { reward: -1, terminated: false, truncated: false };
    expect(game.guess('e e r i e')).toEqual({ text: 'y y y b g\n', ...answer });
    // What is no word of the list tells nothing.
    for (const none of ['a a a a a', 'c r a n', 'crane!', '']) {
      expect(game.guess(none)).toEqual({ text: '\n', ...answer });
    }
    expect(game.guess('c r a n e')).toEqual({
      text: 'g g g g g\n',
      reward: 0,
      terminated: true,
      truncated: false,
    });
  });

  test('end after six guesses', () => {
    const game = new WordleGame(list, 'letters');
    game.begin('crane');
    const steps = Array.from({ length: 6 }, () => game.guess('s t a r e'));
    expect(steps.map(({ terminated }) => terminated)).toEqual([false, false, false, false, false, true]);
    expect(steps.reduce((sum, { reward }) => sum + reward, 0)).toBe(-6);
    expect(steps[0].text).toBe(' s:b t:b a:g r:y e:g\n');
  });

  test('keep the secret among the words that are consistent', () => {
    fc.assert(
      fc.property(fc.nat(59), fc.array(fc.nat(59), { maxLength: 5 }), (secret, guesses) => {
        const { table } = listOf(small);
        let left = Array.from({ length: 60 }, (_, place) => place);
        for (const guess of guesses) {
          const feedback = table.of(guess, secret);
          left = table.consistent(left, guess, feedback);
          expect(left).toContain(secret);
          for (const word of left) expect(table.of(guess, word)).toBe(feedback);
        }
      }),
    );
  });
});

describe.each([
  ['60 words', small, -3.32, -1.7],
  ['431 words', large, -4.1, -2.38],
])('text/wordle, %s', (_, definition, data, consistent) => {
  test('has data of the known mean, as its table says', () => {
    const episodes = [...generateEpisodes(definition, 0, 6_000)];
    expectMean(episodes.map(returnOf), definition.known.data!);
    expect(Math.abs(definition.known.data! - data)).toBeLessThan(0.02);
    for (const episode of episodes.slice(0, 50)) expectFits(episode, definition);
  });

  test('gives who always guesses a consistent word what its table says', () => {
    const policy = randomGuesser(listOf(definition), 1, new Random(1));
    expectMean(returnsOf(definition, policy, 4_000), consistent);
  });

  test('has a bound whose return over all secrets is known', () => {
    expect(mean(boundReturns(definition))).toBeCloseTo(definition.known.bound!, 3);
  });
});

test('text/wordle, 431 words, has the published bound', () => {
  expect(large.known.bound).toBeGreaterThan(-1.963);
  expect(large.known.bound).toBeLessThan(-1.942);
});

test('who always guesses any word loses, as published', () => {
  expectMean(returnsOf(large, randomGuesser(listOf(large), 0, new Random(1)), 2_000), -5.95);
});

test('secrets that are kept for tests never occur in the data of the others', () => {
  const options = { words: 60, feedback: 'letters' };
  const training = findTextEnvironment('text/wordle', { ...options, secrets: 'training' });
  const tests = findTextEnvironment('text/wordle', { ...options, secrets: 'test' });
  const solved = (definition: TextDefinition) =>
    [...generateEpisodes(definition, 0, 2_000)].flatMap(({ turns }) =>
      turns.filter(({ who, reward }) => who === 'agent' && reward === 0).map(({ text }) => text),
    );
  expect([training.starts, tests.starts]).toEqual([54, 6]);
  const kept = new Set(solved(tests));
  expect(solved(training).filter((word) => kept.has(word))).toEqual([]);
  expect(new Set([...solved(training), ...kept]).size).toBe(60);
  // Both may guess all words.
  expect(training.utterances).toEqual(tests.utterances);
  expectFits(generateEpisodes(training, 1, 1).next().value!, training);
});

test('its words are legal, letter by letter, and nothing else', () => {
  const { tokenizer, legal, utterances } = small;
  const ends: string[] = [];
  const go = (prefix: number[]) => {
    for (const token of legal!(prefix)) {
      if (token === tokenizer.end) ends.push(tokenizer.decode(prefix));
      else go([...prefix, token]);
    }
  };
  go([]);
  expect(ends.toSorted()).toEqual(utterances!.toSorted());
  expect(utterances).toContain(spell(listOf(small).words[0]));
});
