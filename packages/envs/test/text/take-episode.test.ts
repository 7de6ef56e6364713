import type { Random } from '@qfleet/random';
import { describe, expect, test } from 'vitest';
import {
  EnvironmentDefinitionError,
  findTextEnvironment,
  generateEpisodes,
  takeEpisode,
} from '../../src/index.ts';

const walks = findTextEnvironment('text/walks');
const maze = findTextEnvironment('text/maze', { observed: 'partial' });

const prompt = { who: 'environment', text: 'b' };
const walk = { who: 'agent', text: 'da', reward: 1 };
const episode = { turns: [prompt, walk], terminated: true };
const here = { who: 'environment', text: 'There is a wall above you.\n' };
const move = (text: string) => ({ turns: [here, { who: 'agent', text, reward: -1 }], truncated: true });

describe('an episode from elsewhere', () => {
  test('is taken as it is', () => {
    expect(takeEpisode(episode, walks, 'x')).toEqual({
      turns: [{ ...prompt, reward: 0 }, walk],
      terminated: true,
      truncated: false,
    });
    const own = [...generateEpisodes(maze, 0, 3)];
    for (const each of own) expect(takeEpisode(JSON.parse(JSON.stringify(each)), maze, 'x')).toEqual(each);
  });

  test.each<[string, unknown, string]>([
    ['no object', 7, 'an episode is an object, not 7.'],
    ['a list', [], 'an episode is an object, not an array.'],
    ['no turns', {}, 'turns is undefined: it must be a list of turns.'],
    ['an unknown field', { ...episode, done: true }, 'an episode has no field done'],
    ['no end', { turns: [prompt, walk] }, 'terminated and truncated are both false'],
    ['two ends', { ...episode, truncated: true }, 'terminated and truncated are both true'],
    [
      'an end that is a text',
      { ...episode, terminated: 'yes' },
      'terminated is "yes": it must be true or false.',
    ],
    [
      'no text of the environment',
      { ...episode, turns: [walk] },
      'it does not begin with a text of the environment',
    ],
    ['no turn of the agent', { ...episode, turns: [prompt] }, 'no turn of it is the agent’s.'],
    [
      'two prompts',
      { ...episode, turns: [prompt, prompt, walk] },
      "turn 2: it is the environment's as the one before",
    ],
    [
      'a text that leaves no room for an answer',
      { ...episode, turns: [{ ...prompt, text: 'bc' }, walk] },
      'turn 1: its text has 2 tokens: 1 is the most in a context of 11, of which an utterance takes up to 10; say less',
    ],
    [
      'an unknown role',
      { ...episode, turns: [{ ...prompt, who: 'user' }, walk] },
      'turn 1: who is "user": it must be "agent" or',
    ],
    [
      'a turn without a text',
      { ...episode, turns: [prompt, { who: 'agent', reward: 1 }] },
      'turn 2: text is undefined',
    ],
    [
      'half a character',
      { ...episode, turns: [{ ...prompt, text: '\ud800' }, walk] },
      'turn 1: text is not valid Unicode.',
    ],
    [
      'an unknown character',
      { ...episode, turns: [prompt, { ...walk, text: 'dA' }] },
      'turn 2: the tokenizer can\'t encode the text: no token covers "A" at character 1.',
    ],
    [
      'no reward',
      { ...episode, turns: [prompt, { who: 'agent', text: 'da' }] },
      'turn 2: it has no reward: it must be a number.',
    ],
    [
      'a reward that is a text',
      { ...episode, turns: [prompt, { ...walk, reward: '1' }] },
      'turn 2: reward is "1": it must be a finite',
    ],
    [
      'a reward that is null',
      { ...episode, turns: [prompt, { ...walk, reward: null }] },
      'turn 2: reward is null: it must be a finite',
    ],
    [
      'an infinite reward',
      { ...episode, turns: [prompt, { ...walk, reward: 1e39 }] },
      'turn 2: reward is 1e+39: it must be a finite',
    ],
    [
      "a reward of the environment's",
      { ...episode, turns: [{ ...prompt, reward: 1 }, walk] },
      "turn 1: reward is 1: rewards belong to the agent's turns.",
    ],
    [
      'an endless utterance',
      { ...episode, turns: [prompt, { ...walk, text: 'dldldldldl' }] },
      'turn 2: the utterance has 11 tokens with the one that ends it: 10 is the most in text/walks.',
    ],
  ])('with %s is refused', (_, value, problem) => {
    const take = () => takeEpisode(value, walks, 'data.jsonl, line 3');
    expect(take).toThrow(EnvironmentDefinitionError);
    expect(take).toThrow(`data.jsonl, line 3: ${problem}`);
  });

  test('with an illegal action is refused', () => {
    expect(() => takeEpisode(move('move left'), maze, 'x')).not.toThrow();
    expect(() => takeEpisode(move(', above you'), maze, 'x')).toThrow(
      'x: turn 2: ", above you" is no legal action of text/maze: ", above you" can\'t come after "".',
    );
    expect(() => takeEpisode(move(''), maze, 'x')).toThrow(
      'x: turn 2: "" is no legal action of text/maze: it can\'t end there.',
    );
  });

  test('of a user’s generator is held to the same', () => {
    const broken = {
      ...walks,
      native: false,
      data: {
        episodes: 5,
        generate: (random: Random) =>
          ({ ...episode, turns: [prompt, { ...walk, reward: random.integer(1) / 0 }] }) as never,
      },
    };
    expect(() => [...generateEpisodes(broken, 0, 2)]).toThrow(
      'Environment text/walks, episode 1 of data.generate: turn 2: reward is NaN',
    );
    expect(() => [...generateEpisodes({ ...walks, data: undefined } as never, 0, 2)]).toThrow(
      'Environment text/walks has no data of its own',
    );
  });
});
