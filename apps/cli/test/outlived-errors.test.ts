import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { qfleet, start, until } from '../../../test/support/qfleet.ts';
import { folderWith, train, trainFleet } from './support/own-environment.ts';

const ENDLESS =
  'Episodes of Own-v0 do not end: set maxEpisodeSteps. An evaluation cuts them short, after 100,000 steps at the latest, and its returns are of what was played.';
const slowly = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)';
const times = (text: string, part: string): number => text.split(part).length - 1;

describe('a run whose episodes do not end', { timeout: 60_000 }, () => {
  it('says so once, and that its returns are of episodes cut short', async () => {
    const cwd = await folderWith({ limit: null });
    const { code, stdout, stderr } = await qfleet(train, { cwd });
    expect(code, stderr).toBe(0);
    expect(times(stderr, ENDLESS)).toBe(1);
    expect(JSON.parse(stdout).evaluation).toMatchObject({ mean: 100_000, episodes: 20, cutShort: 20 });
    const played = await qfleet(['eval', 'run', '--episodes', '1'], { cwd });
    expect(played.stdout).toContain('over 1 greedy episodes (1 of them cut short)');
    expect(played.stderr).toBe(`${ENDLESS}\n`);
  });

  it('obeys Ctrl-C and its budget of seconds while an evaluation plays', async () => {
    const evaluating = ['--set', 'evaluation.every=8', '--max-updates', '100000'];
    const endless = async (...more: string[]) =>
      start([...train, ...evaluating, ...more], { cwd: await folderWith({ limit: null, step: slowly }) });
    const [budgeted, interrupted] = await Promise.all([endless('--max-seconds', '3'), endless()]);
    await until(interrupted, () => interrupted.output.stderr.includes(ENDLESS), 'the evaluation plays');
    interrupted.child.kill('SIGINT');
    const ends = await Promise.all([budgeted.ended, interrupted.ended]);
    expect(ends.map(({ code }) => code)).toEqual([0, 0]);
    expect(ends.map(({ stdout }) => JSON.parse(stdout).stopReason)).toEqual(['maxSeconds', 'interrupted']);
    expect(JSON.parse(ends[0].stdout).evaluation).toMatchObject({ cutShort: 20 });
  });
});

describe('a run whose environment throws', { timeout: 60_000 }, () => {
  // A prime: else it would be the same slot each time.
  const throwing = { load: 'let steps = 0;', step: "if (++steps % 23 === 0) throw new Error('no power')" };
  const restart = ['--set', 'environment.onError=restart'];

  it('goes on in one process where it is told to, and says how often it threw', async () => {
    const { code, stdout, stderr } = await qfleet([...train, ...restart], {
      cwd: await folderWith(throwing),
    });
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(
      /^Environment Own-v0, slot \d+, episode \d+, step \d: no power \(env\.ts:\d+\)\. It is made again, and training goes on\.$/m,
    );
    expect(stderr).toMatch(/^The environment threw \d+ times in all, and was made again each time\.$/m);
    expect(JSON.parse(stdout)).toMatchObject({ stopReason: 'maxUpdates' });
  });

  it('ends after too many in a row', async () => {
    const cwd = await folderWith({ step: "if (t === 3) throw new Error('no power')" });
    const { code, stdout } = await qfleet([...train, ...restart, '--set', 'environment.maxErrorsInARow=2'], {
      cwd,
    });
    expect(code).toBe(1);
    expect(JSON.parse(stdout).error).toMatch(
      /^Environment Own-v0, .*, step 3: 3 errors in a row, the last one: no power/,
    );
  });

  it('goes on with a fleet where it is told to', async () => {
    const cwd = await folderWith(throwing);
    const { code, stderr } = await qfleet([...trainFleet, ...restart, '--max-updates', '400'], { cwd });
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(
      /^actor-\d: Environment Own-v0, .*: no power .* It is made again, and the run goes on\.$/m,
    );
    expect(JSON.parse(readFileSync(join(cwd, 'run', 'summary.json'), 'utf8'))).toMatchObject({ restarts: 0 });
  });

  it.each([
    [
      'process.exit(0)',
      /^Environment Own-v0, slot \d+, episode \d+, step 4: it called process\.exit\(0\) \(env\.ts:\d+\)\.$/,
    ],
    [
      "Promise.reject('no telemetry')",
      /^Environment Own-v0: a promise was rejected and nobody handled it: no telemetry\.$/,
    ],
  ])('ends with a fleet in one sentence: %s', async (step, sentence) => {
    const cwd = await folderWith({ step: `if (t === 4) ${step}` });
    const { code, stdout, stderr } = await qfleet([...trainFleet, '--max-updates', '400'], { cwd });
    expect(code, stderr).toBe(1);
    expect(stderr.match(/^error: (.*)$/m)?.[1]).toMatch(sentence);
    expect(JSON.parse(stdout)).toMatchObject({ stopReason: 'failed' });
  });
});
