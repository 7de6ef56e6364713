import { Random } from '@qfleet/random';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkTextEnvironment,
  createTextEnvironment,
  findTextEnvironment,
  generateEpisodes,
  type TextEpisode,
} from '../../src/index.ts';
import { MANNERS, scriptedAgent } from '../../src/text/booking/agent.ts';
import { ANSWERS, BESIDE, OPENINGS } from '../../src/text/booking/customer-phrases.ts';
import { drawGoal, SLOTS_OF } from '../../src/text/booking/goal.ts';
import { listen } from '../../src/text/booking/listen.ts';
import { misspell } from '../../src/text/booking/misspell.ts';
import { formsOf } from '../../src/text/booking/templates.ts';
import { understand } from '../../src/text/booking/understand.ts';
import { boundReturns, expectFits, expectMean, mean } from './support.ts';

const definition = findTextEnvironment('text/booking');
const tests = findTextEnvironment('text/booking', { customers: 'test' });
const episodes = [...generateEpisodes(definition, 0, 3_000)];

/** What customers say. */
const saidIn = (each: readonly TextEpisode[]): string[] =>
  each.flatMap(({ turns }) => turns.filter(({ who }) => who === 'environment').map(({ text }) => text));

/** Names and venues, which alone have capitals. */
const namesIn = (texts: readonly string[]): Set<string> =>
  new Set(texts.flatMap((text) => text.match(/[A-Z][a-z]+( [A-Z][a-z]+)?/g) ?? []));

describe('text/booking', () => {
  test('has data of four qualities of agents, of the known mean', () => {
    expectMean(
      episodes.map(({ turns }) => turns.reduce((sum, { reward }) => sum + reward, 0)),
      definition.known.data!,
    );
    for (const episode of episodes.slice(0, 100)) expectFits(episode, definition);
    const byQuality = MANNERS.map((manner) => {
      const agent = scriptedAgent(() => manner, new Random(1));
      return mean(boundReturns({ ...definition, bound: () => agent }, 500));
    });
    expect(byQuality).toEqual(byQuality.toSorted((a, b) => b - a));
    expect(byQuality[0] - byQuality[3]).toBeGreaterThan(8);
  });

  test('has a bound of the known mean, with the customers of tests too', () => {
    expectMean(boundReturns(definition, 2_000), definition.known.bound!);
    expectMean(boundReturns(tests, 2_000), definition.known.bound!);
  });

  test('keeps the names and venues of tests out of training', () => {
    const kept = namesIn(saidIn([...generateEpisodes(tests, 0, 2_000)]));
    expect(kept.size).toBeGreaterThan(400);
    expect([...namesIn(saidIn(episodes))].filter((name) => kept.has(name))).toEqual([]);
  });

  test('says the same in thousands of forms', () => {
    const openings = OPENINGS.reduce((sum, each) => sum + formsOf(each), 0);
    const answers = Object.values(ANSWERS)
      .flat()
      .reduce((sum, each) => sum + formsOf(each), 0);
    expect(
      openings * Object.values(BESIDE).reduce((sum, each) => sum + formsOf(each), 0) + answers,
    ).toBeGreaterThan(3_000);
    // Those of a few thousand dialogues, with names, numbers and days left out.
    const forms = saidIn(episodes).map((text) =>
      text.replaceAll(/[A-Z][a-z]+|\d+( [ap]m)?|[a-z]+day\b/g, '_'),
    );
    expect(new Set(forms).size).toBeGreaterThan(3_000);
  });

  test('has goals of three to five slots, the venue and the day among them', () => {
    const random = new Random(0);
    const sizes = Array.from({ length: 3_000 }, () => {
      const { kind, values } = drawGoal('training', random);
      expect(Object.keys(values)).toEqual(SLOTS_OF[kind].filter((slot) => values[slot] !== undefined));
      expect(values).toMatchObject({ venue: expect.any(String), day: expect.any(String) });
      return Object.keys(values).length;
    });
    for (const size of [3, 4, 5])
      expectMean(
        sizes.map((each) => Number(each === size)),
        1 / 3,
      );
    expect(Math.max(...sizes)).toBe(5);
  });

  test('changes its mind in one of five dialogues', () => {
    const isChange = /changed my mind|is a change|came up|change that| (instead|now|after all)\.$/;
    // Dialogues that a faultless agent leads, so that none ends too early.
    const agent = scriptedAgent(() => MANNERS[0], new Random(1));
    const environment = createTextEnvironment(definition, new Random(4));
    const changed = Array.from({ length: 1_500 }, () => {
      agent.reset();
      let text = environment.reset();
      let changes = 0;
      for (;;) {
        const answer = environment.step(agent.answer(text));
        if (isChange.test(answer.text)) changes = 1;
        if (answer.terminated) return changes;
        text = answer.text;
      }
    });
    expectMean(changed, 0.2);
  });

  test('ends within 14 turns, whatever is said, and pays what its table says', () => {
    const checked = checkTextEnvironment(definition, { steps: 500, seed: 0 });
    expect(checked.problems).toEqual([]);
    fc.assert(
      fc.property(
        fc.nat(),
        fc.array(
          fc.constantFrom(
            'which day?',
            'what name is it?',
            'hold on.',
            'hurry up. where?',
            'book table: venue X.',
            '',
            'goodbye.',
            'zzz',
          ),
          { minLength: 14, maxLength: 14 },
        ),
        (seed, utterances) => {
          const environment = createTextEnvironment(definition, new Random(seed));
          environment.reset();
          for (const utterance of utterances) {
            const { reward, terminated, text } = environment.step(utterance);
            expect(text).not.toBe('');
            if (terminated) {
              expect([-2, -6]).toContain(reward);
              return;
            }
            expect(reward).toBe(-1);
          }
          expect.unreachable('the dialogue goes on');
        },
      ),
      { numRuns: 50 },
    );
  });

  test('pays for what was wanted: the booking, then the farewell', () => {
    const good = episodes.filter(({ turns }) => turns.some(({ reward }) => reward === 9));
    expect(good.length).toBeGreaterThan(1_000);
    for (const { turns, terminated } of good) {
      expect(terminated).toBe(true);
      const rewards = turns.filter(({ who }) => who === 'agent').map(({ reward }) => reward);
      expect(rewards.filter((reward) => reward === 9).length).toBe(1);
      expect([0, -2, -6]).toContain(rewards.at(-1));
      for (const reward of rewards.slice(0, -1)) expect([-1, 9]).toContain(reward);
    }
    expect(good.some(({ turns }) => turns.findLast(({ who }) => who === 'agent')!.reward === 0)).toBe(true);
  });

  test('says other things to other seeds, and the same to the same', () => {
    const take = (seed: number) => JSON.stringify([...generateEpisodes(definition, seed, 20)]);
    expect(take(1)).toBe(take(1));
    expect(take(1)).not.toBe(take(2));
  });
});

test.each([
  ['which day would you like?', { act: 'ask', slot: 'day' }],
  ['of course. how many people are there?', { act: 'ask', slot: 'people' }],
  ['what time suits you? and what name?', { act: 'ask', slot: 'time' }],
  ['one moment please.', { act: 'wait' }],
  ['thank you, goodbye.', { act: 'goodbye' }],
  ['the day', { act: 'unclear' }],
  ['', { act: 'unclear' }],
  [
    'book room: venue Ashford Inn; day friday; nights 3; day monday.',
    { act: 'book', kind: 'room', values: { venue: 'Ashford Inn', day: 'friday', nights: '3' } },
  ],
  ['certainly! book train', { act: 'book', kind: 'train', values: {} }],
])('a customer understands %j', (utterance, act) => {
  expect(understand(utterance)).toEqual({ act, rude: false });
  expect(understand(`hurry up. ${utterance}`).rude).toBe(true);
});

test.each([
  [
    "hi, i'd like to book a tabel at Barlow Grill on firday for 4.",
    null,
    { venue: 'Barlow Grill', day: 'friday', people: '4' },
  ],
  ['just 3, please.', 'nights', { nights: '3' }],
  ['3 people, i think.', 'nights', { people: '3' }],
  ['just 3. and it should be for 2.', 'nights', { nights: '3', people: '2' }],
  ['for 5 nihgts under the name Holton.', null, { nights: '5', name: 'Holton' }],
  ['at 12 pm, please.', 'time', { time: '12 pm' }],
] as const)('a scripted agent hears %j', (text, asked, values) => {
  expect(Object.fromEntries(listen(text, asked).values)).toEqual(values);
});

test('a slip changes one word, and none with a capital', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const text = 'we need a table at Barlow Grill';
      const slipped = misspell(text, new Random(seed));
      expect(slipped).toMatch(/ at Barlow Grill$/);
      const changed = slipped.split(' ').filter((word, i) => word !== text.split(' ')[i]);
      expect(changed.length).toBeLessThanOrEqual(1);
    }),
  );
  expect(misspell('at 9 am', new Random(0))).toBe('at 9 am');
});
