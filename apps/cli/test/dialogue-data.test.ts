import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTextEnvironment, generateEpisodes } from '@qfleet/envs';
import { describe, expect, it } from 'vitest';
import { qfleet, temporaryDirectory } from '../../../test/support/qfleet.ts';
import { writeEpisodes } from '../src/data/write.ts';

const walks = findTextEnvironment('text/walks');

/** A folder with 40 walks of seed 3, twice. */
async function folder(): Promise<string> {
  const cwd = temporaryDirectory();
  for (const format of ['jsonl', 'parquet'] as const)
    await writeEpisodes(join(cwd, format), format, generateEpisodes(walks, 3, 40));
  return cwd;
}

const small = ['agent.batchSize=256', 'agent.pretraining=2', 'evaluation.every=5', 'evaluation.episodes=2'];
const training = (data: string, updates: number, run: string): string[] => [
  ...['train', 'text/walks', '--preset', 'mc', '--data', data, '--max-updates', `${updates}`, '--json'],
  ...[...small.flatMap((each) => ['--set', each]), '--run-dir', run],
];

describe('training on given dialogues', () => {
  it('is the same of either format, and goes on where the dialogues are the same', {
    timeout: 300_000,
  }, async () => {
    const cwd = await folder();
    const whole = await qfleet(training('parquet', 5, 'whole'), { cwd });
    expect(whole.code, whole.stderr).toBe(0);
    expect(whole.stderr).not.toContain('know by heart');
    const part = await qfleet(training('jsonl/episodes.jsonl', 5, 'part'), { cwd });
    expect(part.code, part.stderr).toBe(0);
    const [a, b] = [whole, part].map(({ stdout }) => JSON.parse(stdout));
    expect(b.weightsHash).toBe(a.weightsHash);

    renameSync(join(cwd, 'jsonl'), join(cwd, 'moved'));
    const lost = await qfleet(['resume', 'part', '--max-updates', '10'], { cwd });
    expect(lost).toMatchObject({ code: 2, stderr: expect.stringContaining('--data PATH') });
    const resumed = await qfleet(
      ['resume', 'part', '--max-updates', '10', '--data', 'moved/episodes.jsonl', '--json'],
      { cwd },
    );
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(JSON.parse(resumed.stdout)).toMatchObject({ updates: 10, stopReason: 'maxUpdates' });

    appendFileSync(
      join(cwd, 'moved/episodes.jsonl'),
      readFileSync(join(cwd, 'moved/episodes.jsonl'), 'utf8'),
    );
    const others = await qfleet(['resume', 'part', '--max-updates', '20', '--data', 'moved/episodes.jsonl'], {
      cwd,
    });
    expect(others).toMatchObject({ code: 2, stderr: expect.stringContaining('holds other dialogues') });
    const launch = join(cwd, 'part/launch.json');
    writeFileSync(launch, readFileSync(launch, 'utf8').replace(walks.tokenizer.fingerprint, '0'.repeat(16)));
    const tokens = await qfleet(['resume', 'part', '--max-updates', '20', '--data', 'moved'], { cwd });
    expect(tokens).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^error: The tokenizer of .*\n$/),
    });
  });

  it('warns of so few that they are learned by heart', { timeout: 300_000 }, async () => {
    const cwd = temporaryDirectory();
    await writeEpisodes(join(cwd, 'one'), 'jsonl', generateEpisodes(walks, 3, 1));
    const { code, stderr } = await qfleet(training('one', 2, 'run'), { cwd });
    expect(stderr).toContain(
      'The agent learns from 1 episode of one, which it will know by heart: give it more',
    );
    expect(code, stderr).toBe(0);
  });

  it('ends with the seconds of the run, before the agent speaks too', { timeout: 300_000 }, async () => {
    const cwd = temporaryDirectory();
    const args = ['train', 'text/walks', '--preset', 'token-dqn', '--single', '--max-seconds', '1'];
    const endless = ['--set', 'agent.data.updates=100000000', '--run-dir', 'run'];
    const { code, stderr } = await qfleet([...args, ...endless], { cwd });
    expect(stderr).toMatch(/Learning recorded dialogues of text\/walks first, in 100000000 updates\./);
    expect(stderr).toMatch(/^error: stop\.maxSeconds \(1\) ended the run before learning began/m);
    expect(code).toBe(1);
  });

  it('is refused with file and line, and trains nothing', { timeout: 300_000 }, async () => {
    const cwd = await folder();
    const file = join(cwd, 'jsonl/episodes.jsonl');
    const lines = readFileSync(file, 'utf8').split('\n');
    const broken: [from: RegExp, to: string, message: RegExp][] = [
      [/"agent"/, '"user"', /line 3: turn 2: who is "user"/],
      [/"reward":[^}]*/, '"reward":"much"', /line 3: turn 2: reward is "much"/],
      [/("agent","text":")/, '$1zzz', /line 3: turn 2: .* is no legal action|can't encode/],
    ];
    for (const [from, to, message] of broken) {
      writeFileSync(file, lines.with(2, lines[2].replace(from, to)).join('\n'));
      const refused = await qfleet(training('jsonl', 5, 'run'), { cwd });
      expect(refused.code).toBe(2);
      expect(refused.stderr).toMatch(message);
      expect(existsSync(join(cwd, 'run'))).toBe(false);
    }
  });

  it.each([
    [['cartpole', '--data', 'x'], '--data gives dialogues to agents that speak'],
    [['text/walks', '--data', 'x', '--set', 'agent.data=null'], 'agent.data is null'],
    [['text/walks', '--preset', 'dqn'], 'name a method of agents that speak (filtered-sft, ilql,'],
  ])('says what to do for train %j', { timeout: 300_000 }, async (args, message) => {
    const { code, stderr } = await qfleet(['train', ...args], { cwd: temporaryDirectory() });
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});
