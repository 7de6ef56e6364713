import { Random } from '@qfleet/random';
import { describe, expect, test } from 'vitest';
import {
  checkTextEnvironment,
  findTextEnvironment,
  generateEpisodes,
  returnOf,
  traceTextEnvironment,
} from '../../src/index.ts';
import { ATTRIBUTES, score } from '../../src/text/steer/attributes.ts';
import { firstLine, secondLine } from '../../src/text/steer/verses.ts';
import { boundReturns, expectFits, expectMean, mean } from './support.ts';

test.each([
  ['rhyme', 'the cat sat by the bay,\n', 'on a sunny day.', 1],
  ['rhyme', 'the cat sat by the bay,\n', 'the dog sat by the bay.', 0],
  ['rhyme', 'the cat sat by the bay,\n', 'the dog sat by the boat.', 0],
  ['rhyme', 'by Night,\n', 'there was LIGHT!', 1],
  ['rhyme', 'by night,\n', '', 0],
  ['length', 'by night,\n', 'one two three four five', 0.25],
  ['length', 'by night,\n', 'one '.repeat(50), 1],
  ['sentiment', 'a happy cat,\n', 'the merry king laughed at the sad queen', 0.25],
  ['sentiment', 'a happy cat,\n', 'the sad king wept', 0],
  ['sentiment', 'a sad cat,\n', 'happy happy happy happy happy', 1],
] as const)('%s after %j of %j', (attribute, prompt, continuation, value) => {
  expect(score(attribute, prompt, continuation)).toBe(value);
});

describe.each(ATTRIBUTES)('text/steer, %s', (attribute) => {
  const definition = findTextEnvironment('text/steer', { attribute });

  test('has data of the known mean, which can be doubled, and a bound that scores 1', () => {
    const episodes = [...generateEpisodes(definition, 0, 6_000)];
    expectMean(episodes.map(returnOf), definition.known.data!);
    for (const episode of episodes.slice(0, 100)) expectFits(episode, definition);
    expect(2 * definition.known.data!).toBeLessThan(1);
    expect(mean(boundReturns(definition, 300))).toBe(definition.known.bound);
  });

  test('is a text environment without problems', () => {
    expect(checkTextEnvironment(definition, { steps: 100, seed: 0 }).problems).toEqual([]);
  });
});

test('a line can be given', () => {
  const definition = findTextEnvironment('text/steer');
  const trace = traceTextEnvironment(definition, { state: 'by the bay,\n', actions: ['one day.'] });
  expect(trace).toEqual({
    initial: 'by the bay,\n',
    texts: [''],
    rewards: [1],
    terminated: [true],
    truncated: [false],
  });
});

test('a second line rhymes as often as its author makes it', () => {
  const random = new Random(0);
  const rhymes = Array.from({ length: 4_000 }, () => {
    const prompt = firstLine(random);
    return score('rhyme', prompt, secondLine(prompt, random));
  });
  expectMean(rhymes, 0.12 + (0.88 * 3) / 32);
});
