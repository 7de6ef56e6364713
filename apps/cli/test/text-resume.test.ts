import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { qfleet, start, temporaryDirectory, until } from '../../../test/support/qfleet.ts';

/** A folder with a text that repeats itself. */
function folder(): string {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, 'text.txt'), 'the cat sat on the mat, and the dog lay by the door.\n'.repeat(100));
  return cwd;
}

const train = (updates: number): string[] => [
  ...['train', 'text/lm', '--data', 'text.txt', '--context', '8', '--max-updates', String(updates), '--json'],
  '--run-dir',
];

describe('qfleet resume of a run on text', () => {
  it('ends with the same weights, bit for bit, after kill -9 in a checkpoint and Ctrl-C', {
    timeout: 120_000,
  }, async () => {
    const cwd = folder();
    const whole = await qfleet([...train(120), 'whole'], { cwd });
    const expected = JSON.parse(whole.stdout);
    const run = join(cwd, 'run');

    const killed = start([...train(120), 'run'], { cwd });
    await until(killed, () => killed.output.stderr.includes('Sample at update 100'), 'a checkpoint is there');
    killed.child.kill('SIGKILL');
    await killed.ended;
    // As if it had been killed while it wrote.
    const checkpoints = join(run, 'checkpoints');
    mkdirSync(join(checkpoints, '000000000101.part'));
    writeFileSync(join(checkpoints, '000000000101.part/state.safetensors'), 'cut');
    appendFileSync(join(run, 'metrics.jsonl'), '{"time":99,"updates":110}\n{"time":3.1,"upd');
    rmSync(join(run, 'summary.json'), { force: true });

    const interrupted = start(['resume', 'run', '--json'], { cwd });
    const { stderr } = interrupted.output;
    await until(
      interrupted,
      () => interrupted.output.stderr.includes('from update 100'),
      `it goes on ${stderr}`,
    );
    interrupted.child.kill('SIGINT');
    const first = await interrupted.ended;
    expect(first.code).toBe(0);
    const { stopReason, updates } = JSON.parse(first.stdout);
    expect(stopReason).toBe('interrupted');
    expect(updates).toBeGreaterThan(100);
    expect(readdirSync(checkpoints)).toEqual([100, updates].map((each) => String(each).padStart(12, '0')));

    const ended = await qfleet(['resume', 'run', '--json'], { cwd });
    const { weightsHash, heldOut } = JSON.parse(ended.stdout);
    expect({ weightsHash, heldOut }).toEqual({
      weightsHash: expected.weightsHash,
      heldOut: expected.heldOut,
    });
    const rows = readFileSync(join(run, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
    const made = rows.map((row) => JSON.parse(row).updates);
    expect(made).toEqual([...new Set(made)].sort((a, b) => a - b));
    expect([made[0], made.at(-1)]).toEqual([10, 120]);

    const finished = await qfleet(['resume', 'run'], { cwd });
    expect(finished.stdout).toMatch(/is finished already.*\n.*resume run --max-updates 240/);
    const more = await qfleet(['resume', 'run', '--max-updates', '122', '--json'], { cwd });
    expect(JSON.parse(more.stdout)).toMatchObject({ updates: 122, stopReason: 'maxUpdates' });
    expect((await qfleet(['export', 'run', 'model'], { cwd })).code).toBe(0);
    expect(readdirSync(join(cwd, 'model'))).not.toContain('state.safetensors');
  });

  it('refuses in one sentence what it can not go on from, and leaves it as it is', {
    timeout: 120_000,
  }, async () => {
    const cwd = folder();
    expect((await qfleet([...train(3), 'good'], { cwd })).code).toBe(0);
    const last = 'checkpoints/000000000003';
    const flip = (path: string): void => {
      const bytes = readFileSync(path);
      bytes[bytes.length >> 1] ^= 1;
      writeFileSync(path, bytes);
    };
    const cases: [damage: (run: string) => void, options: string[], says: RegExp][] = [
      [(run) => flip(join(run, last, 'state.safetensors')), [], /is damaged, .* CRC-32 .*remove it/],
      [(run) => writeFileSync(join(run, last, 'state.safetensors'), ''), [], /is damaged/],
      [(run) => writeFileSync(join(run, last, 'progress.json'), '{"format":1}'), [], /progress\.json is not/],
      [(run) => rmSync(join(run, last, 'progress.json')), [], /has no progress\.json.*--model/],
      [(run) => rmSync(join(run, last, 'config.json')), [], /config\.json/],
      [(run) => rmSync(join(run, last), { recursive: true }), [], /has no checkpoint/],
      [(run) => appendFileSync(join(run, 'config.yaml'), 'rows: 8\n'), [], /config\.yaml.*rows/],
      [(run) => writeFileSync(join(run, 'config.yaml'), '{'), [], /malformed YAML/],
      [(run) => rmSync(join(run, 'config.yaml')), [], /has no config\.yaml/],
      [
        () => writeFileSync(join(cwd, 'other.txt'), 'another text '.repeat(99)),
        ['--data', 'other.txt'],
        /is not the text/,
      ],
      [() => undefined, ['--data', 'none.txt'], /There is no file .*none\.txt/],
      [(run) => rmSync(join(run, 'summary.json')), ['--max-updates', '2'], /has made 3 updates/],
      [() => undefined, ['--max-steps', '9'], /--max-steps is for agents/],
      [() => undefined, ['--set', 'seed=1'], /--set is for agents/],
    ];
    for (const [damage, options, says] of cases) {
      const run = join(cwd, 'bad');
      rmSync(run, { recursive: true, force: true });
      cpSync(join(cwd, 'good'), run, { recursive: true });
      damage(run);
      const before = existsSync(join(run, 'config.yaml')) && readFileSync(join(run, 'config.yaml'), 'utf8');
      const { code, stdout, stderr } = await qfleet(
        ['resume', 'bad', ...(options.includes('--max-updates') ? [] : ['--max-updates', '9']), ...options],
        { cwd },
      );
      expect(stderr).toMatch(says);
      expect(stderr).toMatch(/^error: [^\n]+\n$/);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(existsSync(join(run, 'config.yaml')) && readFileSync(join(run, 'config.yaml'), 'utf8')).toBe(
        before,
      );
    }
  });

  it('begins another run with the weights of one', { timeout: 60_000 }, async () => {
    const cwd = folder();
    expect((await qfleet([...train(2), 'one'], { cwd })).code).toBe(0);
    const tuned = ['--learning-rate', '1e-30', '--from', 'one'];
    expect((await qfleet([...train(1), 'two', ...tuned], { cwd })).code).toBe(0);
    const weights = (run: string, updates: number): Buffer =>
      readFileSync(join(cwd, run, `checkpoints/00000000000${updates}/model.safetensors`));
    expect(weights('two', 1).equals(weights('one', 2))).toBe(true);
    for (const [options, says] of [
      [['--from', 'one', '--model', 'one'], /--from and --model both name/],
      [['--from', 'nowhere'], /is no run of text\/lm/],
    ] as const) {
      const { code, stderr } = await qfleet([...train(1), 'three', ...options], { cwd });
      expect(stderr).toMatch(says);
      expect({ code, made: existsSync(join(cwd, 'three')) }).toEqual({ code: 2, made: false });
    }
  });
});
