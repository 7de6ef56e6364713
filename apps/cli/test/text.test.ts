import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { qfleet, temporaryDirectory } from '../../../test/support/qfleet.ts';

const stored = (name: string) =>
  fileURLToPath(
    new URL(`../../../packages/networks/test/reference/language/stored/${name}`, import.meta.url),
  );

/** A folder with a text that repeats itself, so that little has to be learned. */
function folder(): string {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, 'text.txt'), 'the cat sat on the mat, and the dog lay by the door.\n'.repeat(200));
  return cwd;
}

const train = ['train', 'text/lm', '--data', 'text.txt'];

describe('qfleet train text/lm', () => {
  it('learns a text, the same from the same seed, and trains further what export wrote', {
    timeout: 120_000,
  }, async () => {
    const cwd = folder();
    const asked = [...train, '--max-updates', '12', '--context', '16', '--json'];
    const runs = [];
    for (const run of ['one', 'two']) {
      const { code, stdout, stderr } = await qfleet([...asked, '--run-dir', run], { cwd });
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('Sample at update 12') });
      runs.push(JSON.parse(stdout));
    }
    const [one, two] = runs;
    expect(two.weightsHash).toBe(one.weightsHash);
    expect(one).toMatchObject({ updates: 12, stopReason: 'maxUpdates', task: 'text/lm', seed: 0 });
    const summary = JSON.parse(readFileSync(join(cwd, 'one/summary.json'), 'utf8'));
    expect({ ...summary, runDirectory: join(cwd, 'one') }).toEqual({
      ...one,
      runDirectory: expect.stringContaining('one'),
    });
    const rows = readFileSync(join(cwd, 'one/metrics.jsonl'), 'utf8').trim().split('\n');
    const [first, last] = rows.map((row) => JSON.parse(row));
    expect(first.updates).toBe(10);
    // At the beginning it is that of the vocabulary, which is more than 256.
    expect(last.heldOut.perplexity).toBeLessThan(200);
    expect(last.heldOut).toEqual(one.heldOut);

    expect((await qfleet(['export', 'one', 'model'], { cwd })).code).toBe(0);
    expect(readdirSync(join(cwd, 'model')).sort()).toEqual([
      'config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    // A rate so small that no float32 changes: what was read is written.
    const again = [...train, '--model', 'model', '--max-updates', '1', '--learning-rate', '1e-30'];
    expect((await qfleet([...again, '--run-dir', 'three'], { cwd })).code).toBe(0);
    expect((await qfleet(['export', 'three', 'same'], { cwd })).code).toBe(0);
    for (const file of ['model.safetensors', 'config.json', 'tokenizer.json'])
      expect(readFileSync(join(cwd, 'same', file)).equals(readFileSync(join(cwd, 'model', file))), file).toBe(
        true,
      );

    for (const refused of [
      ['eval', 'one'],
      ['export', 'one', 'model'],
      ['export', '.', 'other'],
    ]) {
      const { code, stderr } = await qfleet(refused, { cwd });
      expect(stderr).toMatch(/^error: [^\n]+\.\n$/);
      expect(code).toBe(2);
    }
  });

  it.each([
    [['--data', 'none.txt'], /There is no file none\.txt/],
    [[], /name its file with --data/],
    [['--data', 'text.txt', '--context', '100000'], /is too short/],
    [['--data', 'text.txt', '--model', stored('bert')], /is an encoder/],
    [['--data', 'text.txt', '--model', stored('llama')], /has no tokenizer\.json/],
    [['--data', 'text.txt', '--model', 'nowhere'], /There is no nowhere/],
    [['--data', 'text.txt', '--actors', '2'], /--actors is for agents/],
    [['--data', 'text.txt', '--context', '0'], /--context/],
    [['--data', 'text.txt', '--bogus'], /--bogus/],
  ])('refuses %j in one sentence, and writes nothing', async (options, says) => {
    const cwd = folder();
    const { code, stdout, stderr } = await qfleet(['train', 'text/lm', ...options], { cwd });
    expect(stderr).toMatch(says);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect({ code, stdout, runs: existsSync(join(cwd, 'runs')) }).toEqual({
      code: 2,
      stdout: '',
      runs: false,
    });
  });

  it('refuses a text for what learns none', async () => {
    const { code, stderr } = await qfleet(['train', 'cartpole', '--learning-rate', '0.1']);
    expect(stderr).toMatch(/^error: --learning-rate is for texts/);
    expect(code).toBe(2);
  });
});
