import { describe, expect, it } from 'vitest';
import { type Ended, qfleet, start, temporaryDirectory } from '../../../test/support/qfleet.ts';

/** Talks with what `args` name, a line after the other. */
function talk(args: readonly string[], lines: readonly string[], cwd: string): Promise<Ended> {
  const { child, ended } = start(['chat', ...args], { cwd });
  child.stdin!.end(lines.map((line) => `${line}\n`).join(''));
  return ended;
}

/** A run of a few updates. */
async function run(cwd: string, preset: string): Promise<void> {
  const set = ['agent.batchSize=256', 'agent.pretraining=2', 'evaluation.every=4', 'evaluation.episodes=2'];
  const args = [
    'train',
    'text/walks',
    '--preset',
    preset,
    '--max-updates',
    '4',
    '--run-dir',
    'run',
    '--json',
  ];
  const { code, stderr } = await qfleet([...args, ...set.flatMap((each) => ['--set', each])], { cwd });
  expect(code, stderr).toBe(0);
}

describe('qfleet chat RUN_DIR', () => {
  it('answers with legal utterances, and tells of their values', { timeout: 300_000 }, async () => {
    const cwd = temporaryDirectory();
    await run(cwd, 'ilql');
    const lines = ['b', '/values', '1', '/new', '/values', 'b'];
    const { code, stdout, stderr } = await talk(['run', '--decode', 'greedy', '--values'], lines, cwd);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/^\(.*"1".*\)\n$/);
    const said = stdout.split('\n');
    expect(said[0]).toMatch(/^[a-z]*$/);
    expect(said[1]).toMatch(/^token +Q +V +Q − V +likeliest others/);
    // A row for each token, but for a last one that was the only choice.
    expect(said[2]).toMatch(/^("[a-z]"|end) +-?\d\.\d{3} +-?\d\.\d{3} +-?\d\.\d{3} +("[a-z]"|end) -?\d/);
    expect(said.at(-3)).toBe('Nothing was said yet.');
    // Nothing is left of what was said before.
    expect(said.at(-2)).toBe(said[0]);
  });

  it('has no values of a language model alone', { timeout: 300_000 }, async () => {
    const cwd = temporaryDirectory();
    await run(cwd, 'sft');
    expect(await talk(['run', '--values'], [], cwd)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('leave --values out'),
    });
    expect((await talk(['run', '--seed', '1'], ['b'], cwd)).stdout).toMatch(/^[a-z]*\n$/);
  });

  it.each([
    [[], 'name one of them'],
    [['run', '--model', 'x'], 'name one of them'],
    [['none'], 'none'],
    [['--model', 'x', '--values'], '--values is for agents of a run'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await talk(args, [], temporaryDirectory());
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(2);
  });
});
