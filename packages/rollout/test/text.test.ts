import { createAgent, createGeneration, type NamedTensors, tokenSelector } from '@qfleet/agents';
import { runConfigOf, speaks } from '@qfleet/config';
import { EnvironmentError, findTextEnvironment, type TextDefinition, Vocabulary } from '@qfleet/envs';
import { Random } from '@qfleet/random';
import { decodeTokenChunk, isAgents, SPEAKER, type TokenChunk } from '@qfleet/replay';
import { beforeAll, describe, expect, it } from 'vitest';
import { playDialogues, recordedDialogues, TextRollout, textLayout, Voices } from '../src/index.ts';

const vocabulary = new Vocabulary([...'abcdefg:.'], '.');

/** An environment that repeats what it is told, and ends after five utterances. */
function echo(options: Partial<TextDefinition> = {}): TextDefinition {
  return {
    ...{ kind: 'text', id: 'echo', native: true, summary: 'x', tokenizer: vocabulary, context: 64 },
    ...{ history: null, longestUtterance: 4, maxTurns: 5, starts: null, returns: [0, 5], known: {} },
    create: () => {
      let turns = 0;
      return {
        reset: () => {
          turns = 0;
          return 'a:';
        },
        step: (said) => {
          turns++;
          return { text: `${said}:`, reward: said.length, terminated: turns === 5, truncated: false };
        },
      };
    },
    ...options,
  };
}

const run = runConfigOf(
  {
    environment: { id: 'text/walks' },
    agent: {
      ...{ kind: 'token-q', network: { kind: 'decoder', layers: 1, width: 16, heads: 2 } },
      ...{ objective: { kind: 'dqn' }, twin: false },
    },
  },
  'test',
);
if (!speaks(run)) throw new Error('It speaks.');
const config = run.agent;

const weights: NamedTensors[] = [];
beforeAll(async () => {
  for (const seed of [1, 2]) {
    const agent = await createAgent({ config, spec: textLayout(echo()), seed, totalUpdates: null });
    weights.push(drawn(agent.parameters(), seed));
    agent.dispose();
  }
});

/** Parameters by which values differ from token to token. */
const drawn = (tensors: NamedTensors, seed: number): NamedTensors => {
  const random = new Random(seed);
  return new Map(
    [...tensors].map(([name, { shape, data }]) => [
      name,
      { shape, data: data.map((x) => x + random.normal()) },
    ]),
  );
};

function rolloutOf(definition: TextDefinition, chunkLength = 1000, writer = 'w') {
  return new TextRollout({
    ...{ definition, layout: textLayout(definition), config, writer, chunkLength, seed: 3, slots: 4 },
    epsilon: (slot) => slot / 4,
  });
}

const chunksOf = (rollout: TextRollout, definition: TextDefinition): TokenChunk[] =>
  rollout.takeChunks().map((bytes) => decodeTokenChunk(bytes, textLayout(definition)));

/** All tokens of an episode. */
interface Whole {
  readonly tokens: number[];
  readonly speakers: number[];
  steps: number;
}

/** The tokens of episodes, by slot and number, put together of their chunks in order. */
function episodesOf(chunks: readonly TokenChunk[]): Map<string, Whole> {
  const episodes = new Map<string, Whole>();
  for (const { slot, episode, offset, tokens, speakers } of chunks) {
    const key = `${slot}/${episode}`;
    const known = episodes.get(key) ?? { tokens: [], speakers: [], steps: 0 };
    expect(offset, key).toBe(known.steps);
    known.tokens.push(...tokens);
    known.speakers.push(...speakers);
    known.steps += speakers.filter(isAgents).length;
    episodes.set(key, known);
  }
  return episodes;
}

describe('a rollout of dialogues', () => {
  it('has in its chunks what was said, whatever the length of a chunk, and nothing twice', () => {
    const dialogues = [1, 7, 1000].map((chunkLength) => {
      const rollout = rolloutOf(echo(), chunkLength);
      rollout.load(weights[0]!);
      for (let slot = 0; slot < 3; slot++) rollout.addSlot(slot);
      for (let i = 0; i < 200; i++) rollout.step();
      rollout.close();
      return episodesOf(chunksOf(rollout, echo()));
    });
    const [ones, sevens, whole] = dialogues;
    expect(ones).toEqual(whole);
    expect(sevens).toEqual(whole);
    // The environment has repeated each whole utterance, whose tokens are those that were generated.
    for (const { tokens, speakers } of whole!.values()) {
      let said: number[] = [];
      let heard: number[] = [];
      tokens.forEach((token, i) => {
        if (speakers[i] === SPEAKER.agentBegins) said = [];
        if (speakers[i] === SPEAKER.environmentBegins) heard = [];
        (isAgents(speakers[i]!) ? said : heard).push(token);
        const isLast = i + 1 === tokens.length || speakers[i + 1] === SPEAKER.agentBegins;
        if (!isLast || said.length === 0) return;
        const words = said.at(-1) === vocabulary.end ? said.slice(0, -1) : said;
        expect(heard).toEqual([...words, ...vocabulary.encode(':')]);
      });
    }
  });

  it('counts the tokens of whole utterances, and episodes', () => {
    const rollout = rolloutOf(echo());
    rollout.load(weights[0]!);
    rollout.addSlot(0);
    let steps = 0;
    for (let i = 0; i < 100; i++) steps += rollout.step();
    const episodes = rollout.takeEpisodes();
    const ended = episodes.reduce((sum, { length }) => sum + length, 0);
    rollout.close();
    const chunks = chunksOf(rollout, echo());
    expect(chunks.reduce((sum, { rewards }) => sum + rewards.length, 0)).toBe(steps);
    expect(steps).toBeGreaterThanOrEqual(ended);
    expect(episodes.length).toBeGreaterThan(3);
  });

  it('takes newer weights between utterances, with what it has cached made anew', () => {
    // By the first weights alone, by the second alone, and by the second from the third token on.
    const said = (change: number | null, first = 0) => {
      const rollout = rolloutOf(echo());
      rollout.load(weights[first]!);
      rollout.weightsVersion = 1 + first;
      rollout.addSlot(0);
      for (let i = 0; i < 40; i++) {
        if (i === change) {
          rollout.load(weights[1]!);
          rollout.weightsVersion = 2;
        }
        rollout.step();
      }
      rollout.close();
      return chunksOf(rollout, echo());
    };
    const [changed] = said(1);
    const [before] = said(null);
    const utteranceOf = ({ tokens, speakers }: TokenChunk) => {
      const begin = speakers.indexOf(SPEAKER.agentBegins);
      let end = begin + 1;
      while (speakers[end] === SPEAKER.agent) end++;
      return [...tokens.subarray(begin, end)];
    };
    // The utterance that had begun is ended by the weights that began it.
    expect(utteranceOf(changed!)).toEqual(utteranceOf(before!));
    expect(changed!.weightsVersion).toBe(2);
    // From then on each token is what fresh decoders of the second weights say to the same text.
    const { tokens, speakers } = changed!;
    const generation = createGeneration(config, textLayout(echo()), weights[1]!, 1);
    const select = tokenSelector(config, { decode: 'greedy', random: new Random(0) });
    let utterances = 0;
    for (let i = 0; i < tokens.length; i++) {
      if (speakers[i] === SPEAKER.agentBegins) utterances++;
      if (!isAgents(speakers[i]!) || utterances < 2) continue;
      const slot = generation.join(tokens.subarray(0, i), { select });
      expect(generation.step()[0]!.token, `token ${i}`).toBe(tokens[i]);
      generation.leave(slot);
    }
    expect(utterances).toBeGreaterThan(2);
  });

  it('gives an agent the last text alone to read, where that is its history', () => {
    const definition = echo({ history: 1 });
    const rollout = rolloutOf(definition);
    rollout.load(weights[0]!);
    rollout.addSlot(0);
    for (let i = 0; i < 40; i++) rollout.step();
    rollout.close();
    const generation = createGeneration(config, textLayout(definition), weights[0]!, 1);
    const select = tokenSelector(config, { decode: 'greedy', random: new Random(0) });
    for (const { tokens, speakers } of chunksOf(rollout, definition)) {
      let heard = 0;
      for (let i = 0; i < tokens.length; i++) {
        if (speakers[i] === SPEAKER.environmentBegins) heard = i;
        if (!isAgents(speakers[i]!)) continue;
        const slot = generation.join(tokens.subarray(heard, i), { select });
        expect(generation.step()[0]!.token).toBe(tokens[i]);
        generation.leave(slot);
      }
    }
  });

  it('reads no more than the context holds, and no text without its beginning', () => {
    const rollout = rolloutOf(echo({ context: 12 }));
    rollout.load(weights[0]!);
    for (let slot = 0; slot < 4; slot++) rollout.addSlot(slot);
    for (let i = 0; i < 100; i++) rollout.step();
    rollout.close();
    expect(chunksOf(rollout, echo({ context: 12 })).length).toBeGreaterThan(10);
  });

  it('says nothing that is not legal, and names where nothing is', () => {
    const legal = (prefix: ArrayLike<number>) => (prefix.length < 2 ? [1, 2] : [vocabulary.end]);
    const rollout = rolloutOf(echo({ legal }));
    rollout.load(weights[0]!);
    for (let slot = 0; slot < 4; slot++) rollout.addSlot(slot);
    for (let i = 0; i < 60; i++) rollout.step();
    rollout.close();
    for (const { tokens, speakers } of chunksOf(rollout, echo({ legal })))
      expect(vocabulary.decode(tokens.filter((_, i) => isAgents(speakers[i]!)))).toMatch(/^([bc]{2}\.)+$/);
    expect(rollout.cutUtterances).toBe(0);
    const mute = rolloutOf(echo({ legal: (prefix) => (prefix.length < 2 ? [1] : []) }));
    mute.load(weights[0]!);
    mute.addSlot(2);
    const speak = () => {
      for (let i = 0; i < 5; i++) mute.step();
    };
    expect(speak).toThrow(EnvironmentError);
    expect(speak).toThrow(/Environment echo, slot 2, episode 1, step 1: no token is legal after 2 tokens/);
  });

  it('cuts an utterance that never ends, and counts it', () => {
    const rollout = rolloutOf(echo({ legal: () => [1] }));
    rollout.load(weights[0]!);
    rollout.addSlot(0);
    for (let i = 0; i < 20; i++) rollout.step();
    expect(rollout.cutUtterances).toBe(5);
  });
});

describe('episodes of dialogue', () => {
  const walks = findTextEnvironment('text/walks');

  it('are the same however many are played side by side, each start in its turn', async () => {
    const agent = await createAgent({ config, spec: textLayout(walks), seed: 5, totalUpdates: null });
    const tensors = drawn(agent.parameters(), 5);
    agent.dispose();
    const play = async (parallel: number) => {
      const voices = new Voices((given) => createGeneration(config, textLayout(walks), given, parallel));
      voices.load(tensors, 1);
      return playDialogues({
        ...{ definition: walks, voices, episodes: 40, seed: 7, parallel },
        select: (random) => tokenSelector(config, { decode: 'sample', random }),
      });
    };
    expect(await play(1)).toEqual(await play(16));
  });
});

describe('recorded dialogues', () => {
  const walks = findTextEnvironment('text/walks');
  const options = { episodes: 200, best: 1, seed: 3, chunkLength: 64 };

  it('are the same for the same seed, with the token that ends an utterance', () => {
    const { chunks, episodes, meanReturn } = recordedDialogues(walks, textLayout(walks), options);
    expect(recordedDialogues(walks, textLayout(walks), options).chunks).toEqual(chunks);
    expect(episodes).toBe(200);
    expect(meanReturn).toBeGreaterThan(0.2);
    for (const bytes of chunks)
      expect(decodeTokenChunk(bytes, textLayout(walks)).tokens.at(-1)).toBe(walks.tokenizer.end);
  });

  it('have the tokens that an agent hears and says, though others go over the ends of texts', () => {
    // As many as the weights are of; of a whole text `ab`, `ba` and `b.` would be tokens.
    const joined = new Vocabulary(['a', 'b', 'ab', 'ba', 'b.', 'a:', 'c', 'd', '.'], '.');
    expect(joined.encode('ab.ab.a')).toEqual([2, 8, 2, 8, 0]);
    const [said, end] = [1, joined.end];
    const definition = echo({
      tokenizer: joined,
      legal: ({ length }) => (length === 0 ? [said] : [end]),
      create: () => {
        let turns = 0;
        return {
          reset: () => {
            turns = 0;
            return 'a';
          },
          step: () => ({ text: 'a', reward: 1, terminated: ++turns === 2, truncated: false }),
        };
      },
    });
    const rollout = rolloutOf(definition);
    rollout.load(weights[0]!);
    rollout.addSlot(0);
    while (rollout.takeEpisodes().length === 0) rollout.step();
    const [played] = chunksOf(rollout, definition);
    expect([...played!.tokens]).toEqual([0, said, end, 0, said, end, 0]);
    const heard = { who: 'environment' as const, text: 'a', reward: 0 };
    const turn = { who: 'agent' as const, text: 'b', reward: 1 };
    const episode = { turns: [heard, turn, heard, turn, heard], terminated: true, truncated: false };
    const given = recordedDialogues(definition, textLayout(definition), { ...options, given: [episode] });
    const [recorded] = given.chunks.map((bytes) => decodeTokenChunk(bytes, textLayout(definition)));
    for (const name of ['tokens', 'speakers', 'rewards', 'end'] as const)
      expect(recorded![name], name).toEqual(played![name]);
    rollout.close();
  });

  it('are the best of them, where a part is asked for', () => {
    const returnsOf = (best: number) =>
      recordedDialogues(walks, textLayout(walks), { ...options, best }).chunks.map(
        (bytes) => decodeTokenChunk(bytes, textLayout(walks)).episodeReturn,
      );
    const all = returnsOf(1).sort((a, b) => b - a);
    expect(returnsOf(0.3).sort((a, b) => b - a)).toEqual(all.slice(0, 60));
  });

  it('are refused where they say what is not legal', () => {
    const wrong = { ...walks, legal: () => [0] };
    expect(() => recordedDialogues(wrong, textLayout(wrong), options)).toThrow(/token 0 is not legal there/);
  });
});
