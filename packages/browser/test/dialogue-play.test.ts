import { type Context, runInContext } from 'node:vm';
import { agentParameters, createGeneration, tokenSelector } from '@qfleet/agents';
import { runConfigOf, speaks } from '@qfleet/config';
import { findTextEnvironment } from '@qfleet/envs';
import { Random } from '@qfleet/random';
import { playDialogues, textLayout, Voices } from '@qfleet/rollout';
import { encodeTensors } from '@qfleet/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import * as own from '../src/index.ts';
import { browserContext } from './bundle.ts';

/** Two episodes of a run's agent that speaks. Its source is what the browser runs too. */
const play = (browser: typeof own, json: string, weights: Uint8Array) => {
  const config = browser.runConfigOf(JSON.parse(json), 'the configuration');
  if (!browser.speaks(config)) throw new Error('It speaks.');
  const agent = browser.DialoguePlay.create(config);
  agent.load(browser.readWeights(weights));
  return [0, 1].map((episode) => {
    agent.reset(3, episode);
    let tokens = 0;
    for (; !agent.isOver; tokens++) agent.step();
    return { turns: agent.turns, sum: agent.sum, tokens };
  });
};

let context: Context;
beforeAll(async () => {
  context = await browserContext();
});

describe.each([
  { id: 'text/walks', objective: 'ilql', decode: 'sample' },
  { id: 'text/walks', objective: 'sft', decode: 'greedy' },
  // What is legal, and several utterances an episode.
  { id: 'text/wordle', objective: 'mc', decode: 'sample' },
  { id: 'text/maze', objective: 'dqn', decode: 'greedy' },
])('$objective on $id, $decode', ({ id, objective, decode }) => {
  const config = runConfigOf(
    {
      environment: { id },
      agent: {
        ...{ kind: 'token-q', network: { kind: 'decoder', layers: 1, width: 16, heads: 2 } },
        ...{ objective: { kind: objective }, decode },
      },
    },
    'test',
  );
  if (!speaks(config)) throw new Error('It speaks.');
  const definition = findTextEnvironment(id);
  const spec = textLayout(definition);
  const random = new Random(5);
  const tensors = new Map(
    agentParameters({ config: config.agent, spec }).map(({ name, shape }) => [
      name,
      {
        shape,
        data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal() * 0.3),
      },
    ]),
  );

  it('plays in a browser as it plays in Node, and as an evaluation plays', { timeout: 60_000 }, async () => {
    const json = JSON.stringify(config);
    const bytes = encodeTensors(tensors);
    const inNode = play(own, json, bytes);
    Object.assign(context, { json, bytes });
    const inBrowser = JSON.parse(runInContext(`JSON.stringify((${play})(browser, json, bytes))`, context));
    expect(inBrowser).toEqual(JSON.parse(JSON.stringify(inNode)));

    const voices = new Voices((weights) => createGeneration(config.agent, spec, weights, 2));
    voices.load(tensors, 1);
    const { returns, lengths } = await playDialogues({
      ...{ definition, voices, episodes: 2, seed: 3, parallel: 2 },
      select: (drawn) => tokenSelector(config.agent, { decode: config.agent.decode, random: drawn }),
    });
    expect(inNode.map(({ sum }) => sum)).toEqual(returns);
    expect(inNode.map(({ tokens }) => tokens)).toEqual(lengths);
  });

  it('is taken over, between utterances and within one', () => {
    const agent = own.DialoguePlay.create(config);
    agent.load(tensors);
    agent.reset(1);
    expect(agent.turns.map(({ who }) => who)).toEqual(['environment']);
    expect(() => agent.say('\u{1f980}')).toThrow(/^That can't be said: no token covers .*\.$/);
    if (definition.legal !== undefined)
      expect(() => agent.say(id === 'text/maze' ? 'move leftmove left' : 'b')).toThrow(
        /^That can't be said: \S.*\.$/,
      );
    expect(agent.turns).toHaveLength(1);
    // The beginning that the agent would choose; then the rest is a person's.
    const first = { 'text/walks': '', 'text/wordle': 'a', 'text/maze': '' }[id]!;
    if (first === '') {
      agent.say({ 'text/walks': 'ja', 'text/maze': 'move left' }[id]!);
    } else {
      while (agent.isBetween) agent.step();
      const begun = agent.turns[1].text;
      const word = definition.utterances!.find((each) => each.startsWith(begun))!;
      agent.say(word.slice(begun.length));
      expect(agent.turns[1].text).toBe(word);
    }
    const [, said] = agent.turns;
    expect(said).toMatchObject({ who: 'agent', byPerson: true });
    expect(said.reward).not.toBeNull();
    expect(said.tokens.map(({ text }) => text).join('')).toBe(said.text);
    // What a person says is judged as well, but where it was the only choice.
    expect(said.tokens[0].q === null).toBe(objective === 'sft');
    expect(agent.hasValues).toBe(objective !== 'sft');
  });

  it('keeps its weights where others do not fit', () => {
    const agent = own.DialoguePlay.create(config);
    agent.load(tensors);
    expect(() => agent.load(new Map([...tensors].slice(1)))).toThrow();
    agent.reset(1);
    expect(() => agent.step()).not.toThrow();
  });
});

it('is not had of an agent that began with a given model, whose tokenizer needs Node', () => {
  const config = runConfigOf(
    {
      environment: { id: 'text/maze' },
      agent: { kind: 'token-q', network: { kind: 'model', directory: 'x' } },
    },
    'test',
  );
  if (!speaks(config)) throw new Error('It speaks.');
  expect(() => own.DialoguePlay.create(config)).toThrow(
    'The agent of text/maze began with a given language model, whose tokenizer is not to be had here.',
  );
});
