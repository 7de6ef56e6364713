import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { qfleet, temporaryDirectory } from '../../../test/support/qfleet.ts';

/** A module that leaves a file behind when it is imported; an environment all the same. */
const telling = (mark: string): string => `
import { box, defineEnvironment, discrete } from '@qfleet/envs';
import { writeFileSync } from 'node:fs';
writeFileSync(${JSON.stringify(mark)}, '');
export default defineEnvironment({
  id: 'Mine-v0',
  observationSpace: box({ low: -1, high: 1, shape: [1] }),
  actionSpace: discrete(2),
  create: () => ({ reset: () => [0], step: () => ({ observation: [0], reward: 1, terminated: true }) }),
});
`;

/** Folders side by side: a project, and beside it a run directory with its module. */
function someoneElses(): { project: string; run: string; ran: () => boolean } {
  const folder = temporaryDirectory();
  const [project, theirs] = [join(folder, 'project'), join(folder, 'theirs')];
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{}');
  mkdirSync(join(theirs, 'run'), { recursive: true });
  const [module, mark] = [join(theirs, 'env.ts'), join(folder, 'ran')];
  writeFileSync(module, telling(mark));
  return { project, run: join(theirs, 'run'), ran: () => existsSync(mark) };
}

it('a module of another project is not run, unless --trust says so', { timeout: 120_000 }, async () => {
  const { project, run, ran } = someoneElses();
  const theirs = join(run, '..');
  const training = ['train', 'env.ts', '--single', '--run-dir', 'run', '--max-updates', '100'];
  const trained = await qfleet([...training, '--set', 'replay.minSize=100'], { cwd: theirs });
  expect(trained.code, trained.stderr).toBe(0);
  expect(ran()).toBe(true);
  const mark = join(project, 'ran');
  writeFileSync(join(theirs, 'env.ts'), telling(mark));
  for (const command of ['eval', 'resume']) {
    const { code, stderr } = await qfleet([command, run], { cwd: project });
    expect(stderr).toMatch(
      /^error: \S+ would run \S+env\.ts, which lies outside of this project: .* add --trust\.\n$/,
    );
    expect(code).toBe(2);
  }
  expect(existsSync(mark)).toBe(false);
  const trusted = await qfleet(['eval', run, '--trust', '--json'], { cwd: project });
  expect(trusted.code, trusted.stderr).toBe(0);
  expect(existsSync(mark)).toBe(true);
  // It is a finished run: there is nothing to do.
  for (const [cwd, ...args] of [
    [project, run, '--trust'],
    [theirs, 'run'],
  ]) {
    const resumed = await qfleet(['resume', ...args], { cwd });
    expect(resumed.code, resumed.stderr).toBe(0);
  }
});
