import { Random } from '@qfleet/random';
import { describe, expect, test } from 'vitest';
import {
  askLegal,
  checkTextEnvironment,
  createTextEnvironment,
  defineTextEnvironment,
  EnvironmentDefinitionError,
  EnvironmentError,
  findEnvironment,
  findTextEnvironment,
  type OwnTextDefinition,
  type OwnTextStep,
  traceTextEnvironment,
  withTokenizer,
} from '../../src/index.ts';
import { byteTokenizer } from '../../src/text/byte-tokenizer.ts';

const answer: OwnTextStep = { text: 'c', reward: 1, terminated: true };

/** Says a letter, and rewards who repeats it. */
const echo = (changes: Partial<OwnTextDefinition> = {}): OwnTextDefinition => ({
  kind: 'text',
  id: 'Echo-v0',
  vocabulary: ['a', 'b', 'c'],
  context: 8,
  create: (random) => {
    let said = '';
    return {
      reset: () => {
        said = 'abc'[random.integer(3)];
        return said;
      },
      step: (utterance) => ({ reward: utterance === said ? 1 : 0, terminated: true }),
    };
  },
  ...changes,
});

/** The same, of which a reset or step gives something else. */
const saying = (first: unknown, step: unknown = answer) =>
  defineTextEnvironment(
    echo({ create: () => ({ reset: () => first as string, step: () => step as OwnTextStep }) }),
  );

describe('a text environment of one’s own', () => {
  test('is played, and checked', () => {
    const definition = defineTextEnvironment(echo());
    const environment = createTextEnvironment(definition, new Random(0));
    const said = environment.reset();
    expect(environment.step(said)).toEqual({ text: '', reward: 1, terminated: true, truncated: false });
    const checked = checkTextEnvironment(definition, { steps: 300, seed: 0 });
    expect(checked).toMatchObject({ id: 'Echo-v0', tokens: 4, turns: 300, episodes: 300, problems: [] });
    expect(definition.longestUtterance).toBe(2);
  });

  test('without a vocabulary speaks in bytes', () => {
    const { vocabulary: _, ...own } = echo();
    expect(defineTextEnvironment(own).tokenizer.size).toBe(257);
  });

  test.each<[string, Partial<Record<keyof OwnTextDefinition, unknown>>, string]>([
    ['no create', { create: undefined }, 'field create: it must be a function (random) => environment.'],
    ['no context', { context: undefined }, 'field context: it is missing.'],
    ['a context of 1', { context: 1 }, 'field context: it must be at least 2.'],
    [
      'an utterance as long as the context',
      { longestUtterance: 8 },
      'field longestUtterance: it must be less than the context, 8',
    ],
    [
      'a token twice',
      { vocabulary: ['a', 'a'] },
      'field vocabulary: The vocabulary has the token "a" twice.',
    ],
    ['an end that is no token', { end: 'x' }, 'field vocabulary: The end "x" is no token of the vocabulary.'],
    [
      'an end without a vocabulary',
      { vocabulary: undefined, end: 'x' },
      'field end: it is a token of a vocabulary',
    ],
    ['two tokenizers', { tokenizer: byteTokenizer }, 'field tokenizer: give it or a vocabulary, not both.'],
    [
      'a tokenizer without tokens',
      { vocabulary: undefined, tokenizer: { size: 0 } },
      'field tokenizer: size is 0',
    ],
    [
      'an end outside of the tokenizer',
      { vocabulary: undefined, tokenizer: { size: 4, end: 4 } },
      'field tokenizer: end is 4',
    ],
    [
      'a tokenizer that decodes nothing',
      { vocabulary: undefined, tokenizer: { size: 4, end: 3, encode: () => [] } },
      'field tokenizer: it needs the function decode.',
    ],
    [
      'utterances that are too long',
      { utterances: ['abc'] },
      'field utterances: "abc" has 4 tokens with its end, and longestUtterance is 2.',
    ],
    ['utterances that cannot be said', { utterances: ['x'] }, 'field utterances: "x" can\'t be encoded'],
    [
      'utterances and legal',
      { utterances: ['a'], legal: () => [0] },
      'field utterances: give them or legal, not both.',
    ],
    [
      'returns the wrong way',
      { returns: [1, 0] },
      'field returns: the least, 1, must be below the largest, 0.',
    ],
    ['another kind', { kind: 'texts' }, 'field kind: it must be one of text.'],
    ['an unknown field', { maxTurn: 3 } as never, 'has no field maxTurn: did you mean maxTurns?'],
  ])('with %s is refused', (_, changes, problem) => {
    const define = () => defineTextEnvironment(echo(changes as Partial<OwnTextDefinition>));
    expect(define).toThrow(EnvironmentDefinitionError);
    expect(define).toThrow(problem);
  });

  test.each<[string, unknown, unknown, string]>([
    ['a first text that is none', 7, answer, 'step 0: the text of reset is 7: it must be a text.'],
    ['an empty first text', '', answer, 'step 0: its first text is empty'],
    [
      'a text that no token covers',
      'xyz',
      answer,
      'step 0: the text of reset can\'t be encoded: no token covers "x"',
    ],
    [
      'a first text that leaves no room for an answer',
      'a'.repeat(7),
      answer,
      'step 0: the text of reset has 7 tokens: 6 is the most in a context of 8, of which an utterance takes up to 2; say less',
    ],
    [
      'a text that leaves no room for an answer',
      'a',
      { ...answer, text: 'b'.repeat(7), terminated: false },
      'step 1: the text of step has 7 tokens: 6 is the most in a context of 8, of which an utterance takes up to 2; say less',
    ],
    [
      'a last text that is longer than the context',
      'a',
      { ...answer, text: 'b'.repeat(9), terminated: true },
      'step 1: the text of step has 9 tokens: 8 is the most in a context of 8; say less, or raise context.',
    ],
    [
      'half a character',
      'a',
      { ...answer, text: '\udc00' },
      'step 1: the text of step is not valid Unicode.',
    ],
    [
      'a text without an end',
      'a',
      { ...answer, text: 'a'.repeat(100_001) },
      'step 1: the text of step has 100001 characters',
    ],
    ['a reward that is none', 'a', { ...answer, reward: Number.NaN }, 'step 1: the reward is NaN'],
    [
      'a flag that is none',
      'a',
      { ...answer, terminated: 1 },
      'step 1: terminated is 1: it must be true or false.',
    ],
    [
      'no answer',
      'a',
      null,
      'step 1: step returned null: it must be { text?, reward, terminated, truncated? }.',
    ],
    ['a promise', 'a', Promise.resolve(answer), 'step 1: step returned a promise'],
    ['an unknown field', 'a', { ...answer, done: true }, 'step 1: what step returns has no field done'],
  ])('that gives %s is told its place', (_, first, step, problem) => {
    const environment = createTextEnvironment(saying(first, step), new Random(0), 3);
    const play = () => [environment.reset(), environment.step('a')];
    expect(play).toThrow(EnvironmentError);
    expect(() => [environment.reset(), environment.step('a')]).toThrow(
      `Environment Echo-v0, slot 3, episode 2, ${problem}`,
    );
  });

  test('is truncated at its limit of turns, and not played before a reset', () => {
    const definition = defineTextEnvironment({
      ...echo({ maxTurns: 2 }),
      create: () => ({ reset: () => 'a', step: () => ({ reward: 0, terminated: false }) }),
    });
    const environment = createTextEnvironment(definition, new Random(0));
    expect(() => environment.step('a')).toThrow('no episode has begun: call reset before step.');
    environment.reset();
    expect(environment.step('a').truncated).toBe(false);
    expect(environment.step('a').truncated).toBe(true);
    expect(() => environment.step('a')).toThrow('no episode has begun');
    expect(() => environment.reset(0)).toThrow('its starts are drawn: give none.');
  });

  test.each<[string, NonNullable<OwnTextDefinition['legal']>, string]>([
    [
      'admits nothing',
      (prefix) => (prefix.length === 0 ? [0] : []),
      'step 1: token 2 of the utterance: legal admits no token: it must admit one.',
    ],
    [
      'admits what is no token',
      () => [4],
      'step 1: token 1 of the utterance: legal gave 4: a token is an integer of 0 to 3.',
    ],
    [
      'answers no list',
      () => 1 as never,
      'step 1: token 1 of the utterance: legal returned 1: it must be a list of tokens.',
    ],
    [
      'throws',
      () => {
        throw new Error('boom');
      },
      'step 1: token 1 of the utterance: legal threw: boom',
    ],
  ])('whose mask %s is told its place', (_, legal, problem) => {
    const definition = defineTextEnvironment(echo({ legal, longestUtterance: 4 }));
    expect(() => checkTextEnvironment(definition, { steps: 10, seed: 0 })).toThrow(
      `Environment Echo-v0, slot 0, episode 1, ${problem}`,
    );
    const place = { environment: 'Echo-v0', slot: 7, episode: 2, step: 1 };
    expect(() => askLegal(definition, [0], place)).toThrow('slot 7, episode 2');
  });
});

describe('qfleet env check of texts', () => {
  const problemsOf = (changes: Partial<OwnTextDefinition>) =>
    checkTextEnvironment(defineTextEnvironment(echo(changes)), { steps: 50, seed: 0 }).problems;

  test('finds an utterance that never ends', () => {
    expect(problemsOf({ legal: () => [0, 1] })).toEqual([
      expect.stringMatching(/^50 of 50 utterances did not end: .* \(3\)\.$/),
    ]);
  });

  test('finds an episode that never ends', () => {
    const create = () => ({ reset: () => 'a', step: () => ({ reward: 0, terminated: false }) });
    expect(problemsOf({ create })).toEqual([expect.stringMatching(/^No episode ended in 50 turns/)]);
  });

  test('finds randomness that is not of the seed, and copies that disturb each other', () => {
    let count = 0;
    const create = () => ({ reset: () => 'abc'[count++ % 3], step: () => ({ reward: 0, terminated: true }) });
    expect(problemsOf({ create })).toEqual([
      expect.stringMatching(/^The same seed gave other texts the second time/),
    ]);
    let shared = 0;
    const disturbed = () => {
      shared = 0;
      return { reset: () => 'abc'[shared++ % 3], step: () => ({ reward: 0, terminated: true }) };
    };
    expect(problemsOf({ create: disturbed })).toEqual([expect.stringMatching(/^Two copies side by side/)]);
  });

  test('finds texts that encode and decode change', () => {
    const tokenizer = {
      ...byteTokenizer,
      encode: (text: string) => byteTokenizer.encode(text.toLowerCase()),
    };
    const create = () => ({ reset: () => 'Ab', step: () => ({ reward: 0, terminated: true }) });
    const { vocabulary: _, ...own } = echo({ create, tokenizer });
    const { problems } = checkTextEnvironment(defineTextEnvironment(own), { steps: 50, seed: 0 });
    expect(problems).toEqual([
      'Episode 1, turn 0: "Ab" came back as "ab" from encode and decode: the agent would not see what is said.',
    ]);
  });

  test('finds data and a bound that break the rules', () => {
    const data = { episodes: 1, generate: () => ({ turns: [], terminated: true, truncated: false }) };
    expect(() => problemsOf({ data })).toThrow(
      'Environment Echo-v0, episode 1 of data.generate: it does not begin',
    );
    const bound = () => ({ reset: () => undefined, answer: () => 'aaaa' });
    expect(() => problemsOf({ bound })).toThrow(
      'Environment Echo-v0, bound: turn 2: the utterance has 5 tokens',
    );
  });

  test.each(['text/walks', 'text/maze', 'text/wordle'])('finds nothing wrong with %s', (id) => {
    expect(checkTextEnvironment(findTextEnvironment(id), { steps: 300, seed: 0 }).problems).toEqual([]);
  });
});

describe('qfleet env trace of texts', () => {
  test('says given utterances from a state', () => {
    const wordle = findTextEnvironment('text/wordle', { words: 2_315 });
    expect(
      traceTextEnvironment(wordle, {
        state: 'crane',
        actions: ['e e r i e\n', 'zzzzz', 'c r a n e', 'more'],
      }),
    ).toEqual({
      initial: 'Wordle:\n',
      texts: ['y y y b g\n', '\n', 'g g g g g\n'],
      rewards: [-1, -1, 0],
      terminated: [false, false, true],
      truncated: [false, false, false],
      legal: [true, false, true],
    });
    const walks = traceTextEnvironment(findTextEnvironment('text/walks'), {
      state: 'b',
      actions: ['da', 'ja'],
      autoreset: true,
    });
    expect(walks).toMatchObject({ initial: 'b', rewards: [1, 0] });
    expect(walks.legal).toBeUndefined();
    const maze = traceTextEnvironment(findTextEnvironment('text/maze'), {
      state: [7, 6],
      actions: ['move down\n'],
    });
    expect(maze).toMatchObject({ texts: ['Success\n'], rewards: [0], terminated: [true] });
  });

  test.each<[string, unknown, string]>([
    [
      'text/walks',
      { actions: ['a'] },
      'A trace of text/walks starts from seed, start or state: give one of them.',
    ],
    ['text/walks', { actions: ['a'], seed: 0, start: 1 }, 'give one of them, not seed and start.'],
    [
      'text/walks',
      { actions: [1], seed: 0 },
      'A trace of text/walks, field actions.0: it must be a text, not 1.',
    ],
    ['text/walks', { actions: [], start: 20 }, 'its starts are 0 to 19, not 20.'],
    ['text/walks', { actions: [], state: 'a' }, 'a state is a letter of "b" to "u"'],
    ['text/maze', { actions: [], state: [8, 6] }, 'a state is the [row, column] of a free cell'],
    ['text/wordle', { actions: [], state: 'zzzzz' }, 'a state is the secret, one of its 431 words'],
    ['text/wordle', { utterances: [] }, 'A trace of text/wordle, field actions: it is missing.'],
  ])('of %s refuses %j', (id, input, problem) => {
    const trace = () => traceTextEnvironment(findTextEnvironment(id), input);
    expect(trace).toThrow(EnvironmentDefinitionError);
    expect(trace).toThrow(problem);
  });
});

test('a task in the tokens of another tokenizer keeps what is legal where that is listed', () => {
  const maze = withTokenizer(findTextEnvironment('text/maze'), byteTokenizer, 256);
  expect(maze.longestUtterance).toBe('move right'.length + 1);
  expect(maze.legal!([...byteTokenizer.encode('move ')]).map((byte) => String.fromCharCode(byte))).toEqual([
    'l',
    'r',
    'u',
    'd',
  ]);
  const own = defineTextEnvironment(echo({ legal: () => [0] }));
  expect(() => withTokenizer(own, byteTokenizer, 256)).toThrow(
    'says which of its own tokens are legal, and they are to be others: have it list `utterances`',
  );
});

test('a text environment is not an environment with actions', () => {
  expect(() => findEnvironment('text/walks')).toThrow('Environment text/walks is played with texts');
  expect(() => findEnvironment('text/walk')).toThrow(
    'There is no environment text/walk: did you mean text/walks?',
  );
});
