import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { start, temporaryDirectory, until } from './support/qfleet.ts';

const endless = ['--single', '--set', 'stop.solvedReturn=null', '--max-updates', '100000000'];

it('of two commands on one directory one goes on, and the other leaves it alone', {
  timeout: 120_000,
}, async () => {
  const directory = join(temporaryDirectory(), 'run');
  const trains = ['train', 'cliffwalking', ...endless, '--run-dir', directory];
  for (const args of [trains, ['resume', directory]]) {
    const both = [start(args), start(args)];
    const first = await Promise.race(both.map((one) => one.ended.then((ended) => ({ one, ended }))));
    expect(first.ended.stderr).toMatch(/^error: .*(runs now \(process \d+\)|holds a run already)/m);
    expect([1, 2]).toContain(first.ended.code);
    const winner = both.find((one) => one !== first.one)!;
    expect(winner.child.exitCode).toBeNull();
    await until(winner, () => existsSync(join(directory, 'session.lock')), 'it holds the directory');
    await until(winner, () => /updates/.test(winner.output.stdout), 'it trains');
    winner.child.kill('SIGINT');
    expect(await winner.ended).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(directory).filter((name) => name.includes('lock'))).toEqual([]);
  }
});
