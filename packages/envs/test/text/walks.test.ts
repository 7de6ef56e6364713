import { NumpyRandom, Random } from '@qfleet/random';
import { describe, expect, test } from 'vitest';
import {
  createTextEnvironment,
  findTextEnvironment,
  generateEpisodes,
  playEpisode,
  returnOf,
  walkReturns,
} from '../../src/index.ts';
import { drawGraph, letterOf, NODES } from '../../src/text/walks/graph.ts';

/** The graphs of the published run and of the library's default, as their authors' code drew them. */
const published: readonly (readonly [seed: number, successors: string])[] = [
  [
    1000,
    'b:dju c:ekor d:alt e:bs f:dhim g:cqru h:c i:dh j:n k:bgjn l:b m:befghs n:ab o:r p:ju q:fj r:gjo s:du t:k u:bis',
  ],
  [
    1002,
    'b:a c:ou d:noqu e:jor f:p g:bq h:n i:np j:gmqr k:air l:cdu m:h n:b o:st p:imn q:kmp r:mp s:en t:b u:a',
  ],
];

const mean = (values: readonly number[]): number =>
  values.reduce((sum, each) => sum + each, 0) / values.length;
const starts = Array.from({ length: NODES - 1 }, (_, i) => i + 1);

describe('the graph', () => {
  test.each(published)('of seed %i is the published one', (seed, successors) => {
    const written = drawGraph(new NumpyRandom(seed))
      .map((each, node) => `${letterOf(node)}:${each.map(letterOf).join('')}`)
      .slice(1)
      .join(' ');
    expect(written).toBe(successors);
  });

  test('has the published shortest walks', () => {
    const { shortest } = walkReturns(drawGraph(new NumpyRandom(1000)));
    const byLength = Map.groupBy(starts, (node) => shortest[node]);
    const letters = [...byLength].map(([nodes, at]) => [nodes, at.map(letterOf).join('')] as const);
    expect(Object.fromEntries(letters)).toEqual({ 2: 'dn', 3: 'bfijks', 4: 'celmpqrtu', 5: 'gho' });
  });

  test.each([
    [1000, 0.346],
    [1002, 0.785],
  ])('of seed %i gives uniform walks the published mean', (seed, value) => {
    const { uniform } = walkReturns(drawGraph(new NumpyRandom(seed)));
    expect(mean(starts.map(uniform))).toBeCloseTo(value, 3);
  });

  test('of seed 1000 goes on to the published 1,000 walks', () => {
    // trlx draws them from the same generator, after the graph.
    const random = new NumpyRandom(1000);
    const graph = drawGraph(random);
    const { of, shortest } = walkReturns(graph);
    const walks = Array.from({ length: 1000 }, () => {
      let node = 0;
      while (node === 0) node = random.integer(0, NODES);
      let walk = letterOf(node);
      while (node !== 0 && walk.length < 10) {
        node = graph[node][random.integer(0, graph[node].length)];
        walk += letterOf(node);
      }
      return walk;
    });
    expect(mean(walks.map(of))).toBeCloseTo(0.352, 3);
    expect(mean(walks.map((walk) => Number(walk.endsWith('a'))))).toBeCloseTo(0.56, 2);
    const least = walks.filter(
      (walk) => walk.endsWith('a') && walk.length === shortest[walk.charCodeAt(0) - 97],
    );
    expect(least.length / 1000).toBeCloseTo(0.184, 3);
  });
});

describe('returns', () => {
  const { of, best } = walkReturns(drawGraph(new NumpyRandom(1000)));

  test.each([
    ['da', 1],
    ['dla', 0], // l leads to b alone.
    ['dlbda', 5 / 8],
    ['dlbdaxyz', 5 / 8], // What comes after a is nothing.
    ['dlbd', 0],
    ['d', 0],
    ['dz', 0],
    ['dA', 0],
    ['sdlbdlbdta', 0],
    ['', 0],
  ])('of %j', (walk, value) => {
    expect(of(walk)).toBe(value);
  });

  test('of a prefix is the largest over all that may follow it', () => {
    // Every walk of at most six nodes, by brute force.
    const graph = drawGraph(new NumpyRandom(1000));
    const search = (prefix: string): number => {
      const node = prefix.charCodeAt(prefix.length - 1) - 97;
      if (node === 0 || prefix.length === 10) return of(prefix);
      return Math.max(...graph[node].map((next) => search(prefix + letterOf(next))));
    };
    for (const prefix of ['g', 'h', 'dl', 'mhceb', 'fm', 'ukgc']) expect(best(prefix)).toBe(search(prefix));
    expect(best('da')).toBe(1);
    expect(best('db')).toBe(0);
  });
});

describe('text/walks', () => {
  const definition = findTextEnvironment('text/walks');

  test('its data return what uniform walks do', () => {
    const returns = [...generateEpisodes(definition, 0, 10_000)].map(returnOf);
    // The standard error is 0.004.
    expect(Math.abs(mean(returns) - definition.known.data!)).toBeLessThan(0.016);
    expect(definition.known.data).toBeCloseTo(0.346, 3);
  });

  test('its data are what the environment answers, and fit its tokens', () => {
    const environment = createTextEnvironment(definition, new Random(0));
    for (const { turns, terminated, truncated } of generateEpisodes(definition, 1, 200)) {
      const [{ text: start }, { text, reward }] = turns;
      environment.reset(start.charCodeAt(0) - 98);
      expect(environment.step(text)).toEqual({ text: '', reward, terminated, truncated });
      expect(definition.tokenizer.encode(text).length).toBeLessThan(definition.longestUtterance);
      expect(definition.tokenizer.decode(definition.tokenizer.encode(text))).toBe(text);
    }
  });

  test('its bound walks the shortest way from every start', () => {
    const environment = createTextEnvironment(definition, new Random(0));
    const bound = definition.bound!(new Random(0));
    for (let start = 0; start < definition.starts!; start++) {
      expect(returnOf(playEpisode(environment, bound, start))).toBe(1);
    }
  });

  test('the same seed gives the same episodes', () => {
    const take = (seed: number) => [...generateEpisodes(definition, seed, 50)];
    expect(take(3)).toEqual(take(3));
    expect(take(3)).not.toEqual(take(4));
  });
});
