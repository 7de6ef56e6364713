import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTextEnvironment } from '@qfleet/envs';
import { connectRedis, replayPrefix } from '@qfleet/fleet';
import { decodeTokenChunk, isAgents, RedisReplayStore } from '@qfleet/replay';
import { recordedDialogues, textLayout } from '@qfleet/rollout';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { ByteWriter, parquetWrite } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, qfleet } from '../../../test/support/qfleet.ts';
import { startRedis, type TestRedis } from '../../../test/support/redis.ts';
import { exportReplay } from '../src/replay/export.ts';
import { importReplay } from '../src/replay/import.ts';
import { inspectReplay } from '../src/replay/inspect.ts';
import { type OpenReplay, withReplay } from '../src/replay/open.ts';
import { sharedDirectory } from './support/shared-directory.ts';

const maze = findTextEnvironment('text/maze');
const layout = textLayout(maze);
const { chunks } = recordedDialogues(maze, layout, { episodes: 5, best: 1, seed: 3, chunkLength: 16 });
const written = chunks.map((bytes) => decodeTokenChunk(bytes, layout));
const TOKENS = written.reduce((sum, { tokens }) => sum + tokens.length, 0);
const AGENTS = written.reduce((sum, { rewards }) => sum + rewards.length, 0);

let server: TestRedis;
let redis: Awaited<ReturnType<typeof connectRedis>>;
let folder: string;
let made = 0;

beforeAll(async () => {
  server = await startRedis();
  redis = await connectRedis(`unix://${server.socket}`, { role: 'test' });
  folder = mkdtempSync(join(tmpdir(), 'qfleet-tokens-'));
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A new run's replay of the maze, as the commands open it. */
async function withNewReplay<T>(use: (replay: OpenReplay) => Promise<T>): Promise<T> {
  const run = `run-${++made}`;
  await RedisReplayStore.create(redis, replayPrefix(run), layout, { transitions: 1e6, bytes: 1e9 });
  return withReplay(`unix://${server.socket}`, { run }, use);
}

/** A file of all the dialogues, and what a Parquet reader finds in it. */
async function exported(tokenizer = maze.tokenizer as typeof maze.tokenizer | null) {
  const file = join(folder, `${++made}.parquet`);
  const counts = await withNewReplay(async (replay) => {
    await replay.store.append(chunks);
    return exportReplay(replay, file, tokenizer);
  });
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(file) });
  return { file, counts, rows };
}

describe('a replay of texts as Parquet', () => {
  it('has a row a token, which together are the dialogues', async () => {
    const { file, counts, rows } = await exported();
    expect(counts).toEqual({ file, transitions: AGENTS, tokens: TOKENS, chunks: chunks.length, refused: 0 });
    expect(rows).toHaveLength(TOKENS);
    const episodes = Map.groupBy(rows, ({ episode }) => episode);
    expect([...episodes.keys()]).toEqual([0, 1, 2, 3, 4]);
    for (const [episode, own] of episodes) {
      const parts = written.filter((chunk) => chunk.episode === episode);
      expect(parts.length).toBeGreaterThan(1);
      expect(own.map(({ position }) => position)).toEqual(own.map((_, i) => i));
      expect(own.map(({ token }) => token)).toEqual(parts.flatMap(({ tokens }) => [...tokens]));
      expect(own.map(({ who }) => who === 'agent')).toEqual(
        parts.flatMap(({ speakers }) => [...speakers].map(isAgents)),
      );
      const agents = own.filter(({ who }) => who === 'agent');
      expect(agents.map(({ step }) => step)).toEqual(agents.map((_, i) => i));
      expect(agents.map(({ reward }) => reward)).toEqual(parts.flatMap(({ rewards }) => [...rewards]));
      expect(own.every(({ who, reward }) => who === 'agent' || reward === null)).toBe(true);
      expect(own.map(({ terminated }) => terminated)).toEqual(own.map((_, i) => i === own.length - 1));
      expect(own[0]).toMatchObject({
        who: 'environment',
        begins: true,
        text: expect.stringMatching(/^The goal is at/),
      });
      // What is said, put together: moves and answers by turns.
      const text = own.map((row) => row['text']).join('');
      expect(text).toMatch(/^(The goal is at [^\n]+\nmove (left|right|up|down)\n)+(Success|Failure)\n$/);
    }
  });

  it('has no texts where the tokenizer is not known', async () => {
    const { rows } = await exported(null);
    expect(rows.every(({ text }) => text === null)).toBe(true);
  });

  it('is read back as the same chunks, once', async () => {
    const { file } = await exported();
    await withNewReplay(async (replay) => {
      const imported = await importReplay(replay, file);
      expect(imported).toEqual({
        ...{ file, transitions: AGENTS, tokens: TOKENS },
        ...{ chunks: chunks.length, stored: chunks.length },
      });
      const { chunks: back } = await replay.store.follow(0, 1e9);
      expect(back.map(({ bytes }) => Buffer.from(bytes))).toEqual(chunks.map((bytes) => Buffer.from(bytes)));
      expect((await importReplay(replay, file)).stored).toBe(0);
    });
  });

  it('is told by inspect', async () => {
    await withNewReplay(async (replay) => {
      await replay.store.append(chunks);
      const said = written.reduce((sum, { rewards }) => sum + rewards.length / 2, 0);
      expect(await inspectReplay(replay)).toMatchObject({
        layout: { tokens: layout.tokens },
        transitions: { held: AGENTS },
        // An utterance has two tokens, each has an answer, and each episode a first text.
        texts: { tokens: TOKENS, utterances: said, environment: said + 5 },
        episodes: { ended: 5, terminated: 5 },
      });
    });
  });

  it.each([
    ['token', 7, 999, /column token of row 7 .* is 999, not an integer from 0 to \d+: nothing was imported/],
    ['who', 7, 'me', /column who of row 7 .* is "me", not "agent" or "environment"/],
    ['reward', 0, 1, /column reward of row 0 .* is 1 at a token of the environment/],
    [
      'begins',
      0,
      false,
      /the rows of writer "recorded", sequence 0, are no part of a dialogue\. A chunk begins/,
    ],
  ])('is refused where a %s is wrong', async (column, row, value, message) => {
    const { rows } = await exported();
    const wrong = rows.map((each, i) => (i === row ? { ...each, [column]: value } : each));
    const file = join(folder, `${++made}.parquet`);
    writeRows(file, wrong);
    await withNewReplay(async (replay) => {
      await expect(importReplay(replay, file)).rejects.toThrow(message);
      expect((await replay.store.standing()).newest).toBe(0);
    });
  });
});

/** Writes rows as another program would. */
function writeRows(file: string, rows: readonly Record<string, unknown>[]): void {
  const writer = new ByteWriter();
  parquetWrite({
    writer,
    columnData: Object.keys(rows[0]).map((name) => ({ name, data: rows.map((row) => row[name]) })),
  });
  writeFileSync(file, writer.getBytes());
}

describe('tokens that a run kept', { timeout: 120_000 }, () => {
  const cwd = sharedDirectory();
  const run = (...args: string[]): Promise<Ended> => qfleet(args, { cwd });
  const small = [
    ...['agent.network.layers=1', 'agent.network.width=16', 'agent.network.heads=2', 'agent.batchSize=256'],
    ...['evaluation.episodes=20', 'evaluation.every=1000'],
  ].flatMap((setting) => ['--set', setting]);
  const playing = ['agent.data=null', 'agent.pretraining=0', 'replay.minSize=100'].flatMap((setting) => [
    '--set',
    setting,
  ]);
  const summaryOf = ({ code, stdout, stderr }: Ended) => {
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout);
  };

  it('are learned from offline, bit for bit the same, and go on so', async () => {
    const played = summaryOf(
      await run(
        ...[
          'train',
          'text/walks',
          '--preset',
          'token-dqn',
          '--single',
          '--keep-replay',
          '--run-dir',
          'played',
        ],
        ...['--max-steps', '600', '--json', ...small, ...playing],
      ),
    );
    const learn = (dir: string, from: string, updates: string) =>
      run(
        ...[
          'train',
          'text/walks',
          '--preset',
          'ilql',
          '--offline',
          from,
          '--run-dir',
          dir,
          '--json',
          ...small,
        ],
        ...['--max-updates', updates, '--set', 'agent.pretraining=4', '--set', 'agent.learningRateDecay=1'],
        ...['--set', 'agent.learningRateSchedule=linear'],
      );
    const [whole, part] = (
      await Promise.all([
        learn('whole', 'played', '16'),
        learn('part', 'played/replay/000000000000.parquet', '8'),
      ])
    ).map(summaryOf);
    expect(whole.offline.transitions).toBe(played.envSteps);
    expect(whole.envSteps).toBe(0);
    expect(part.weightsHash).not.toBe(whole.weightsHash);
    const again = summaryOf(await run('resume', 'part', '--max-updates', '16', '--json'));
    expect(again.weightsHash).toBe(whole.weightsHash);
    const [{ token, text }] = await parquetReadObjects({
      file: await asyncBufferFromFile(join(cwd, 'played/replay/000000000000.parquet')),
    });
    expect(text).toBe(findTextEnvironment('text/walks').tokenizer.decode([token as number]));
    expect(readFileSync(join(cwd, 'whole/config.yaml'), 'utf8')).toMatch(/updates: null/);
  });

  it('are refused where they do not fit, before anything is made', async () => {
    const { code, stderr } = await run('train', 'text/maze', '--preset', 'ilql', '--offline', 'played');
    expect(stderr).toMatch(
      /^error: .*000000000000\.parquet holds experience of text\/walks, of other spaces than text\/maze: its states are texts of 22 tokens .*, here texts of \d+ tokens .*\.$/m,
    );
    expect(code).toBe(2);
    const best = await run('train', 'text/walks', '--preset', 'filtered-sft', '--offline', 'played');
    expect(best.stderr).toMatch(/^error: agent\.data\.best is 0\.3, a part of whole episodes, /);
    expect(best.code).toBe(2);
    const both = await run('train', 'text/walks', '--preset', 'sft', '--offline', 'played', '--data', 'x');
    expect(both.stderr).toMatch(/^error: --data and --offline both name/);
    const nothing = await run('train', 'text/walks', '--preset', 'sft', '--keep-replay');
    expect(nothing.stderr).toMatch(/^error: --keep-replay has nothing to keep: the run learns from recorded/);
    expect(nothing.code).toBe(2);
  });
});
