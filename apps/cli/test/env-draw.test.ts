import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { qfleet, temporaryDirectory } from '../../../test/support/qfleet.ts';

describe('qfleet env draw', () => {
  it('draws the same bytes for the same seed, and what a module wraps', async () => {
    const cwd = temporaryDirectory();
    await writeFile(
      join(cwd, 'env.ts'),
      `import { findEnvironment, stackFrames } from '@qfleet/envs';
      export default stackFrames(findEnvironment('CartPole-v1'), 4);`,
    );
    const drawn = await Promise.all(
      ['CartPole-v1', 'CartPole-v1', 'env.ts'].map(async (env, i) => {
        const { code, stdout, stderr } = await qfleet(
          ['env', 'draw', env, `${i}.svg`, '--seed', '2', '--actions', '0,1,1'],
          { cwd },
        );
        expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
        return readFile(join(cwd, `${i}.svg`), 'utf8');
      }),
    );
    expect(drawn[0]).toMatch(/^<svg .*<title>CartPole-v1<\/title>/s);
    expect(drawn[1]).toBe(drawn[0]);
    expect(drawn[2]).toBe(drawn[0]);
  });

  it('refuses what cannot be drawn or written in one sentence', async () => {
    const cwd = temporaryDirectory();
    await mkdir(join(cwd, 'folder.svg'));
    for (const [args, sentence] of [
      [['CartPol-v1', 'a.svg'], /^error: There is no environment CartPol-v1: did you mean CartPole-v1/],
      [['CartPole-v1', 'folder.svg'], /^error: folder\.svg cannot be written: EISDIR/],
      [['CartPole-v1', 'none/a.svg'], /^error: none\/a\.svg cannot be written: ENOENT/],
      [['CartPole-v1', 'a.png'], /^error: a\.png: a picture is an SVG, so name it with \.svg\.$/],
      [
        ['CartPole-v1', 'a.svg', '--actions', '0,2'],
        /^error: Environment CartPole-v1 has the actions 0 to 1, not 2\.$/,
      ],
      [['CartPole-v1', 'a.svg', '--steps', '2', '--actions', '0'], /^error: --steps plays random actions/],
      [
        ['CartPole-v1', 'a.svg', '--actions', '0;1'],
        /It must be integers from 0 on with commas between them/,
      ],
    ] as const) {
      const { code, stderr } = await qfleet(['env', 'draw', ...args], { cwd });
      expect(stderr.trim()).toMatch(sentence);
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(code).toBe(2);
    }
  });
});
