import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTextEnvironment } from '@qfleet/envs';
import { FleetReader, replayPrefix } from '@qfleet/fleet';
import type { FleetState } from '@qfleet/metrics';
import { begins, decodeTokenChunk, isAgents, RedisReplayStore, type TokenChunk } from '@qfleet/replay';
import { textLayout } from '@qfleet/rollout';
import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { isRunning } from '../support/is-running.ts';
import { qfleet, type Started, start, temporaryDirectory } from '../support/qfleet.ts';
import { startRedis } from '../support/redis.ts';
import { Books } from './support/books.ts';
import { type StoredText, walkThrough } from './support/maze-rules.ts';

const SLOTS = 8;
const PATIENCE_MS = 180_000;

/** A decoder that hardly learns, in a maze: most dialogues take 101 moves, which are a dozen chunks. */
const settings = [
  ...['agent.data=null', 'agent.pretraining=0', 'agent.batchSize=256', 'agent.network.layers=1'],
  ...['agent.network.width=16', 'agent.network.heads=2', 'exploration.base=1', 'replay.minSize=200'],
  ...[
    'replay.capacity=5000000',
    'replay.chunkLength=16',
    'replay.samplesPerInsert=1',
    'learner.checkpointEvery=10',
  ],
  ...['evaluation.every=1000000', `fleet.slots=${SLOTS}`, 'fleet.slotsPerLease=2', 'fleet.slotsPerActor=4'],
].flatMap((setting) => ['--set', setting]);

const maze = findTextEnvironment('text/maze');

/** Waits until a fleet is as wanted. @throws with what the run printed, where it never is. */
async function until(
  run: Started,
  reader: FleetReader,
  wanted: (state: FleetState) => boolean,
  what: string,
): Promise<FleetState> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const state = await reader.read();
    if (state !== null && wanted(state)) return state;
    if (performance.now() > deadline || run.child.exitCode !== null)
      throw new Error(`Waited in vain until ${what}.\n${JSON.stringify(state)}\n${run.output.stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Every chunk that is stored, in order. */
async function storedChunks(redis: Redis, run: string): Promise<TokenChunk[]> {
  const store = await RedisReplayStore.open(redis, replayPrefix(run));
  const layout = textLayout(maze);
  const stored: TokenChunk[] = [];
  for (let after = 0; ; ) {
    const { chunks } = await store.follow(after, 4 << 20);
    if (chunks.length === 0) return stored;
    after = chunks.at(-1)!.id;
    stored.push(...chunks.map(({ bytes }) => decodeTokenChunk(bytes, layout)));
  }
}

/** The texts of a chunk, of both speakers, in order. */
function textsOf({ tokens, speakers, rewards }: TokenChunk): StoredText[] {
  const starts = [...speakers.keys()].filter((i) => begins(speakers[i]));
  let step = 0;
  return starts.map((from, i) => {
    const own = [...tokens.subarray(from, starts[i + 1] ?? tokens.length)];
    const text = maze.tokenizer.decode(own);
    if (!isAgents(speakers[from])) return { isAgents: false, text, reward: 0 };
    const given = rewards.subarray(step, step + own.length);
    step += own.length;
    // An utterance's reward comes with its last token.
    expect([...given.subarray(0, -1)].every((reward) => reward === 0)).toBe(true);
    return { isAgents: true, text, reward: given.at(-1)! };
  });
}

/**
 * Walks through every episode of every writer's slots.
 * @returns the writers, each with the number of its episodes that were not ended.
 */
function walkAll(chunks: readonly TokenChunk[]): Map<string, number> {
  const slots = Map.groupBy(chunks, ({ writer, slot }) => `${writer} ${slot}`);
  const open = new Map<string, number>();
  for (const [name, own] of slots) {
    const [writer] = name.split(' ');
    const episodes = [...Map.groupBy(own, ({ episode }) => episode)];
    expect(episodes.map(([episode]) => episode)).toEqual(episodes.map((_, i) => episodes[0][0] + i));
    episodes.forEach(([episode, parts], i) => {
      const where = `episode ${episode} of slot ${own[0].slot} of ${writer}`;
      let steps = 0;
      for (const { offset, rewards } of parts) {
        expect(offset, where).toBe(steps);
        steps += rewards.length;
      }
      const hasEnded = walkThrough(parts.flatMap(textsOf), where);
      expect(parts.map(({ end }) => end)).toEqual(
        parts.map((_, part) => (hasEnded && part === parts.length - 1 ? 'terminated' : 'continues')),
      );
      if (i < episodes.length - 1) expect(hasEnded, where).toBe(true);
      else open.set(writer, (open.get(writer) ?? 0) + Number(!hasEnded));
    });
  }
  return open;
}

it('a fleet that is killed amid its dialogues and resumed keeps every token, each once, in its own episode', {
  timeout: 900_000,
}, async () => {
  const server = await startRedis();
  const redis = new Redis(server.socket);
  onTestFinished(async () => {
    redis.disconnect();
    await server.stop();
  });
  const directory = join(temporaryDirectory(), 'run');
  const options = ['--run-dir', directory, '--redis', `unix://${server.socket}`, '--max-updates', '10000000'];
  const run = start([
    'train',
    'text/maze',
    '--preset',
    'token-dqn',
    '--actors',
    '2',
    ...options,
    ...settings,
  ]);
  await expect.poll(() => existsSync(join(directory, 'run.json')), { timeout: PATIENCE_MS }).toBe(true);
  const id = JSON.parse(readFileSync(join(directory, 'run.json'), 'utf8')).run as string;
  const reader = new FleetReader(redis, id);
  const connection = (): Redis => new Redis(server.socket, { maxRetriesPerRequest: null });
  const books = new Books(connection(), id, [connection()], []);
  onTestFinished(async () => {
    await books.close();
    await reader.close();
  });
  /** Two actors of `pids` have all slots, and dialogues were stored and trained on since `before`. */
  const speaks = (
    state: FleetState,
    before: FleetState['totals'] | null,
    dead: readonly number[],
  ): boolean => {
    const { actors, learners, totals } = state;
    const living = actors.filter(({ pid }) => !dead.includes(pid));
    const held = living.reduce((sum, { slots }) => sum + slots, 0);
    if (living.length !== 2 || held !== SLOTS || learners.every(({ pid }) => dead.includes(pid)))
      return false;
    return (
      totals.transitionsPushed >= (before?.transitionsPushed ?? 0) + 1_000 &&
      totals.updates > (before?.updates ?? 0) &&
      living.every(({ environmentSteps }) => environmentSteps > 200)
    );
  };

  const first = await until(run, reader, (state) => speaks(state, null, []), 'it speaks');
  const [struck] = first.actors;
  process.kill(struck.pid, 'SIGKILL');
  const second = await until(
    run,
    reader,
    (state) => speaks(state, first.totals, [struck.pid]),
    'it speaks without the actor that was killed',
  );
  expect((await qfleet(['top', directory])).stdout).toMatch(
    /agent tokens [\d,]+ [\s\S]*utterances [\d,]+ \(\S+\/s\), of 2\.0 tokens · 0 cut[\s\S]* tokens\/s/,
  );
  // First what would start others in their place.
  run.child.kill('SIGKILL');
  const { actors, learners, evaluators, exporters } = second;
  const pids = [...actors, ...learners, ...evaluators, ...exporters].map(({ pid }) => pid);
  for (const pid of pids.filter(isRunning)) process.kill(pid, 'SIGKILL');
  await expect.poll(() => pids.filter(isRunning), { timeout: PATIENCE_MS }).toEqual([]);

  const resumed = start(['resume', directory]);
  const dead = [struck.pid, ...pids];
  await until(resumed, reader, (state) => speaks(state, second.totals, dead), 'it speaks again');
  resumed.child.kill('SIGINT');
  const { code, stderr } = await resumed.ended;
  expect(code, stderr).toBe(0);

  await books.balance();
  const open = walkAll(await storedChunks(redis, id));
  const killed = [struck, ...second.actors].map(({ id: actor }) => actor);
  // Two that replaced them are not among these.
  expect([...open.keys()].filter((writer) => !killed.includes(writer))).toHaveLength(2);
  for (const actor of killed) expect(open.get(actor), `unfinished dialogues of ${actor}`).toBeGreaterThan(0);
});
