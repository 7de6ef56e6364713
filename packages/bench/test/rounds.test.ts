import { describe, expect, it } from 'vitest';
import type { ContestantCommand } from '../src/contest/contestant.ts';
import { compare, median, medianRatio } from '../src/contest/rounds.ts';

/** A contestant that is ready at once and answers `figure` times the milliseconds it is given. */
const contestant = (figure: number): ContestantCommand => ({
  program: process.execPath,
  args: [
    '--eval',
    `console.log('ready');
     process.stdin.on('data', (lines) => {
       for (const line of lines.toString().trim().split('\\n')) console.log(${figure} * Number(line));
     });`,
  ],
});
const broken: ContestantCommand = { program: process.execPath, args: ['--eval', 'process.exit(3)'] };

describe('a comparison', () => {
  it('gives each contestant one figure a round', async () => {
    const figures = await compare({ ours: contestant(2), peer: contestant(6) }, 15);
    expect([...figures.keys()]).toEqual(['ours', 'peer']);
    expect(figures.get('ours')).toEqual(new Array(15).fill(2));
    expect(medianRatio(figures.get('ours')!, figures.get('peer')!)).toBe(3);
  });

  it('goes on without an optional contestant that does not start, and not without another', async () => {
    const figures = await compare({ ours: contestant(1), peer: { ...broken, optional: true } }, 15);
    expect([...figures.keys()]).toEqual(['ours']);
    await expect(compare({ ours: contestant(1), peer: broken }, 15)).rejects.toThrow(
      /ended before it had measured anything/,
    );
    await expect(compare({ peer: { program: '/nowhere', args: [] } }, 15)).rejects.toThrow(/\/nowhere ended/);
  });

  it('takes the middle of the ratios of the rounds, not the ratio of the middles', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    // A round in which the machine was busy with something else slows both.
    expect(medianRatio([1, 10, 1], [2, 20, 4])).toBe(2);
  });
});
