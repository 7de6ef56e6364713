import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findTextEnvironment, generateEpisodes } from '@qfleet/envs';
import { describe, expect, it } from 'vitest';
import { qfleet, temporaryDirectory } from '../../../test/support/qfleet.ts';
import { readEpisodes } from '../src/data/read.ts';
import { type DataFormat, writeEpisodes } from '../src/data/write.ts';

const walks = findTextEnvironment('text/walks');
const maze = findTextEnvironment('text/maze', { observed: 'partial' });
const line =
  '{"turns":[{"who":"environment","text":"b"},{"who":"agent","text":"da","reward":1}],"terminated":true}';

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const read: T[] = [];
  for await (const value of values) read.push(value);
  return read;
}

/** Reads a file of this content. */
async function reading(content: string | Uint8Array, name = 'own.jsonl') {
  const file = join(temporaryDirectory(), name);
  await writeFile(file, content);
  return all(readEpisodes(file, walks));
}

describe.each<DataFormat>(['jsonl', 'parquet'])('data as %s', (format) => {
  it('come back as they were written, and the same seed gives the same file', async () => {
    const [a, b] = [temporaryDirectory(), temporaryDirectory()];
    const files: string[] = [];
    for (const directory of [a, b]) {
      files.push(await writeEpisodes(directory, format, generateEpisodes(maze, 7, 60)));
    }
    expect(await all(readEpisodes(a, maze))).toEqual([...generateEpisodes(maze, 7, 60)]);
    expect((await readFile(files[0])).equals(await readFile(files[1]))).toBe(true);
    await expect(writeEpisodes(a, format, [])).rejects.toThrow('is there already');
  });

  it('of another task are refused with their place', async () => {
    const directory = temporaryDirectory();
    const file = await writeEpisodes(directory, format, generateEpisodes(maze, 7, 60));
    const place = format === 'jsonl' ? 'line 1' : 'row 0';
    await expect(all(readEpisodes(directory, walks))).rejects.toThrow(
      `${file}, ${place}: turn 1: the tokenizer can't encode the text: no token covers "T"`,
    );
  });
});

describe('lines', () => {
  it('may lie in several files, with blank ones and no last newline', async () => {
    const directory = temporaryDirectory();
    await writeFile(join(directory, 'b.jsonl'), `\n${line}\n\n${line}`);
    await writeFile(join(directory, 'a.jsonl'), `${line.replace('"reward":1', '"reward":0.5')}\r\n`);
    await writeFile(join(directory, 'notes.txt'), 'nothing');
    const rewards = (await all(readEpisodes(directory, walks))).map(({ turns }) => turns[1].reward);
    expect(rewards).toEqual([0.5, 1, 1]);
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ['no JSON', `${line}\n{"turns":`, /own\.jsonl, line 2: it is not JSON: /],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x0a]), /own\.jsonl, line 1: it is not UTF-8\./],
    ['an unknown role', line.replace('"agent"', '"assistant"'), /line 1: turn 2: who is "assistant"/],
    ['no episode', '\n\n', /own\.jsonl has no episode: give data of text\/walks\./],
  ])('with %s are refused with file and line', async (_, content, message) => {
    await expect(reading(content)).rejects.toThrow(message);
  });

  it('of a directory or file that is none are refused', async () => {
    const directory = temporaryDirectory();
    await expect(all(readEpisodes(directory, walks))).rejects.toThrow('has no .jsonl and no .parquet file.');
    await expect(all(readEpisodes(join(directory, 'x'), walks))).rejects.toThrow('There is no ');
    await expect(reading(line, 'own.txt')).rejects.toThrow('own.txt is neither .jsonl nor .parquet');
    await expect(reading(line, 'own.parquet')).rejects.toThrow("can't be read as a Parquet file");
  });
});

describe('qfleet data', () => {
  it('writes and checks', async () => {
    const cwd = temporaryDirectory();
    const task = ['data', 'text/wordle', '--option', 'words=60'];
    const written = await qfleet([...task, '--episodes', '300', '--seed', '3', '--out', 'here', '--json'], {
      cwd,
    });
    expect(written.code, written.stderr).toBe(0);
    const { file, ...summary } = JSON.parse(written.stdout);
    expect(file).toBe('here/episodes.jsonl');
    expect(summary).toMatchObject({ task: 'text/wordle', episodes: 300, seed: 3 });
    expect(Math.abs(summary.meanReturn + 3.304)).toBeLessThan(4 * summary.standardError);
    const checked = await qfleet([...task, '--check', 'here'], { cwd });
    expect(checked.stdout).toMatch(/^here fits text\/wordle: 300 episodes, /);
    const other = await qfleet(['data', 'text/wordle', '--option', 'words=10', '--check', 'here'], { cwd });
    expect([other.code, other.stdout]).toEqual([2, '']);
    expect(other.stderr).toMatch(
      /^error: here\/episodes\.jsonl, line 1: turn \d+: ".*" is no legal action of text\/wordle: /,
    );
  });

  it('refuses what has no meaning', async () => {
    const refused = async (...args: string[]) => {
      const { code, stderr } = await qfleet(['data', ...args], { cwd: temporaryDirectory() });
      expect(code).toBe(2);
      return stderr;
    };
    expect(await refused('text/walks')).toContain('give one of them');
    expect(await refused('CartPole-v1', '--out', 'x')).toContain('CartPole-v1 has no texts');
    expect(await refused('text/walks', '--out', 'x', '--option', 'graph')).toContain(
      'write it as name=value',
    );
    expect(await refused('text/walks', '--out', 'x', '--option', 'graf=3')).toContain('did you mean graph?');
    expect(await refused('text/walks', '--out', 'x', '--format', 'csv')).toContain('jsonl, parquet');
  });
});
