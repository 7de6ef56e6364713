import { stripVTControlCharacters } from 'node:util';
import { loadRunConfig } from '@qfleet/config';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes, clock, fitRows, fold, integer, short, table } from '../src/terminal/output.ts';
import { block, line } from '../src/train/display.ts';
import { nearestBudget, type Progress, RateMeter } from '../src/train/progress.ts';

const progress: Progress = {
  seconds: 65,
  steps: 12_345,
  updates: 5_000,
  stepsPerSecond: 2_000,
  updatesPerSecond: 500,
  meanReturn: 123.45,
  evaluation: 400,
  epsilon: [0.05, 0.4],
  replayTransitions: 50_000,
  actors: 2,
};
const stop = { maxUpdates: 10_000, maxSteps: null, maxSeconds: null, solvedReturn: null };

describe('nearestBudget', () => {
  it('is the one that ends the run first at the present rates', () => {
    expect(nearestBudget(progress, stop)).toEqual({
      name: 'updates',
      limit: 10_000,
      done: 0.5,
      secondsLeft: 10,
    });
    expect(nearestBudget(progress, { ...stop, maxSteps: 20_000, maxSeconds: 100 })).toMatchObject({
      name: 'steps',
      secondsLeft: (20_000 - 12_345) / 2_000,
    });
    expect(nearestBudget(progress, { ...stop, maxSeconds: 70 })).toMatchObject({
      name: 'seconds',
      secondsLeft: 5,
    });
  });

  it('does not guess where nothing moves, and prefers a budget of which it knows', () => {
    const still = { ...progress, updatesPerSecond: 0 };
    expect(nearestBudget(still, stop)).toMatchObject({ name: 'updates', secondsLeft: null });
    expect(nearestBudget(still, { ...stop, maxSeconds: 1_000 })).toMatchObject({ name: 'seconds' });
  });

  it('is never more than done, and null where there is none', () => {
    expect(nearestBudget({ ...progress, updates: 10_008 }, stop)).toMatchObject({ done: 1, secondsLeft: 0 });
    expect(nearestBudget(progress, { ...stop, maxUpdates: null })).toBeNull();
  });
});

describe('RateMeter', () => {
  it('takes rates over its window, and nothing older', () => {
    const meter = new RateMeter(5);
    expect(meter.add(100, 1_000, 10)).toEqual({ stepsPerSecond: 0, updatesPerSecond: 0 });
    expect(meter.add(102, 1_400, 12)).toEqual({ stepsPerSecond: 200, updatesPerSecond: 1 });
    meter.add(107, 1_400, 12);
    expect(meter.add(112, 1_400, 22)).toEqual({ stepsPerSecond: 0, updatesPerSecond: 2 });
  });

  it('starts again where a counter goes back or appears late, and leaves the other one alone', () => {
    const meter = new RateMeter(5);
    meter.add(100, 1_000, 0);
    expect(meter.add(101, 1_100, 81_984)).toEqual({ stepsPerSecond: 100, updatesPerSecond: 0 });
    expect(meter.add(102, 1_200, 82_084)).toEqual({ stepsPerSecond: 100, updatesPerSecond: 100 });
    expect(meter.add(103, 1_300, 80_000)).toEqual({ stepsPerSecond: 100, updatesPerSecond: 0 });
  });
});

describe('the display', () => {
  const config = loadRunConfig({ preset: 'cartpole' }, ['stop.maxUpdates=10000', 'replay.capacity=100000']);

  it('says in one line how the run stands', () => {
    expect(line(progress, config)).toBe(
      '1:05 · 12,345 env steps (2K/s) · 5,000 updates (500/s) · return 123.5 · evaluation 400.0 · ' +
        'epsilon 0.050 to 0.40 · replay 50 % · 0:10 left to 10K updates',
    );
  });

  it('counts tokens where the agent speaks', () => {
    const speaking = loadRunConfig({ preset: 'walks' }, ['stop.maxUpdates=10000', 'replay.capacity=100000']);
    expect(line(progress, speaking)).toMatch(/^1:05 · 12,345 agent tokens \(2K\/s\) · 5,000 updates/);
    expect(block(progress, speaking)).toMatch(/^agent tokens +12,345 [\s\S]*agent tokens, 50 % full$/m);
  });

  it('shows what is not known yet as a dash', () => {
    const text = line({ ...progress, meanReturn: null, evaluation: null, epsilon: null }, config);
    expect(text).toContain('return – · evaluation – · epsilon – ·');
  });

  it('fits into a narrow terminal without cutting a word', () => {
    const lines = block(progress, config, 40).split('\n');
    expect(Math.max(...lines.map((text) => text.length))).toBeLessThanOrEqual(40);
    expect(lines).toContain('env steps          12,345');
    expect(lines.at(-1)).toBe('1:05 · 0:10 left to 10K updates');
    const said = fold('Training CartPole-v1, seed 0, with 2 actors. Run directory: runs/x', 40);
    expect(said).toBe('Training CartPole-v1, seed 0, with 2\nactors. Run directory: runs/x');
  });

  it('shows the same as a block', () => {
    const text = block(progress, config);
    for (const part of [
      '12,345',
      '2K/s by 2 actors',
      '5,000',
      '123.5',
      '400.0',
      '0.050 to 0.40',
      '50 % full',
    ]) {
      expect(text).toContain(part);
    }
    expect(text).toContain(`${'█'.repeat(15)}${'░'.repeat(15)} 1:05 · 0:10 left to 10K updates`);
  });
});

it('writes quantities for people', () => {
  expect([clock(0), clock(59.6), clock(3_725), clock(-1)]).toEqual(['0:00', '1:00', '1:02:05', '0:00']);
  expect([integer(1_234_567.8), short(12_345)]).toEqual(['1,234,568', '12.3K']);
  expect([bytes(0), bytes(999), bytes(12_345_678)]).toEqual(['0 B', '999 B', '12.3 MB']);
});

it('aligns columns by what is seen, not by escape codes', () => {
  expect(
    table(
      [
        ['a', '1'],
        ['\u001b[1mbb\u001b[22m', '22'],
      ],
      [1],
    ),
  ).toBe('a    1\n\u001b[1mbb\u001b[22m  22');
});

it('a text fits a terminal of any size', () => {
  const text = fc.array(fc.array(fc.stringMatching(/^[a-z]{1,40}$/), { maxLength: 12 }), { maxLength: 30 });
  fc.assert(
    fc.property(
      text,
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 60 }),
      (words, columns, rows) => {
        const whole = words.map((line) => line.join(' ')).join('\n');
        const folded = fold(whole, columns);
        expect(folded.replaceAll(/\s/g, '')).toBe(whole.replaceAll(/\s/g, ''));
        const lines = stripVTControlCharacters(fitRows(folded, rows, columns)).split('\n');
        expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows - 1));
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
      },
    ),
  );
});
