import { fileURLToPath } from 'node:url';
import { runConfigOf, speaks } from '@qfleet/config';
import { expect, it } from 'vitest';
import { trainSingle } from '../src/index.ts';
import tiny, { END, moved, NODES, STARTS } from './fixtures/tiny-walks.ts';
import { tokenValuesOf } from './token-values.ts';

const DISCOUNT = 0.9;

/** Q of each move of each node, and of the token that ends it. */
interface Exact {
  readonly node: string;
  readonly move: number;
  readonly ofMove: number;
  readonly ofEnd: number;
}

/** Q* by value iteration: the reward comes with the token that ends a move, and γ with each token, or with that one alone. */
function exact(discountPer: 'token' | 'turn'): Exact[] {
  let values = new Map(NODES.map((node) => [node, 0]));
  const within = discountPer === 'token' ? DISCOUNT : 1;
  for (let sweep = 0; ; sweep++) {
    const all = STARTS.flatMap((node) =>
      NODES.map((to, move): Exact => {
        const { node: next, reward } = moved(node, to);
        const ofEnd = reward + DISCOUNT * values.get(next)!;
        return { node, move, ofMove: within * ofEnd, ofEnd };
      }),
    );
    if (sweep === 100) return all;
    const best = (node: string) =>
      Math.max(...all.filter((each) => each.node === node).map(({ ofMove }) => ofMove));
    values = new Map([['a', 0], ...STARTS.map((node): [string, number] => [node, best(node)])]);
  }
}

it.each(['token', 'turn'] as const)(
  'DQN over tokens reaches Q* to 0.1 at every token of a tiny walk, with γ a %s',
  async (discountPer) => {
    const module = fileURLToPath(new URL('fixtures/tiny-walks.ts', import.meta.url));
    const config = runConfigOf(
      {
        environment: { id: 'TinyWalks-v0', module },
        agent: {
          ...{ kind: 'token-q', network: { kind: 'decoder', layers: 1, width: 32, heads: 2 } },
          ...{ objective: { kind: 'dqn' }, data: {}, twin: false, discount: DISCOUNT, discountPer },
          ...{ batchSize: 1024, learningRate: 3e-3, learningRateDecay: 0.1, languageWeight: 0 },
          target: { kind: 'soft', tau: 0.05 },
        },
        replay: { chunkLength: 64 },
        evaluation: { every: 10_000, episodes: 4 },
        stop: { maxUpdates: 500 },
      },
      'test',
    );
    if (!speaks(config)) throw new Error('It speaks.');
    const { parameters } = await trainSingle(config);
    const all = exact(discountPer);
    const texts = all.flatMap(({ node, move }) => [[NODES.indexOf(node)], [NODES.indexOf(node), move]]);
    const values = tokenValuesOf(config, tiny, parameters!, texts);
    const off = all.flatMap(({ move, ofMove, ofEnd }, i) => [
      Math.abs(values[2 * i]![move]! - ofMove),
      Math.abs(values[2 * i + 1]![END]! - ofEnd),
    ]);
    expect(Math.min(...all.map(({ ofMove }) => ofMove))).toBeLessThan(-2);
    expect(Math.max(...off)).toBeLessThan(0.1);
  },
  300_000,
);
