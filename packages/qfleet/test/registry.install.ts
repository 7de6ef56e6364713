import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMPILER, type Ended, MANAGERS, makeProject, type Packed, pack, runIn } from './support/projects.ts';

const folder = mkdtempSync(join(tmpdir(), 'qfleet-install-'));
let packed: Packed;
beforeAll(async () => {
  packed = await pack(folder);
  console.log(
    `tarball: ${(packed.bytes / 1e6).toFixed(2)} MB, unpacked ${(packed.unpackedBytes / 1e6).toFixed(1)} MB`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(Object.entries(MANAGERS))('an empty project, with %s', (name, { add, run }) => {
  const project = join(folder, name);
  // Nothing that was brought before: not even TensorFlow.
  const env = { QFLEET_CACHE_DIR: join(folder, `${name}-cache`) };
  const call = (command: readonly string[], ...args: string[]): Promise<Ended> =>
    runIn(project, command[0]!, [...command.slice(1), ...args], env);

  it('installs, trains CartPole to its end, and the project’s own environment', async () => {
    makeProject(project, false);
    const began = performance.now();
    const seconds = (): string => ((performance.now() - began) / 1000).toFixed(0);
    const added = await call(add, packed.tarball, './oddness');
    expect(added.code, added.stdout + added.stderr).toBe(0);
    console.log(`${name}: installed after ${seconds()} s`);
    const trained = await call(
      [...run, 'qfleet'],
      'train',
      'cartpole',
      '--run-dir',
      'runs/cartpole',
      '--json',
    );
    expect(trained.code, trained.stderr).toBe(0);
    const summary = JSON.parse(trained.stdout);
    console.log(
      `${name}: CartPole at ${summary.evaluation.mean} after ${seconds()} s, ${summary.trainingSeconds.toFixed(0)} s of it training`,
    );
    expect(summary.evaluation.mean).toBeGreaterThan(100);
    expect(summary.versions.runtime).toMatch(/^libtensorflow/);
    expect(trained.stderr).toContain('TensorFlow is brought once');

    const own = await call(
      [...run, 'qfleet'],
      'train',
      'env.ts',
      '--max-updates',
      '500',
      '--run-dir',
      'runs/odd',
      '--json',
    );
    expect(own.code, own.stderr).toBe(0);
    expect(JSON.parse(own.stdout).environment).toBe('Odd-v0');
    const doctor = await call([...run, 'qfleet'], 'doctor', '--json');
    expect(doctor.code, doctor.stdout).toBe(0);
  });

  it('checks a program on all that is public', async () => {
    const added = await call(add, '-D', ...COMPILER);
    expect(added.code, added.stderr).toBe(0);
    expect(await call([...run, 'tsc'], '-p', '.')).toMatchObject({ code: 0, stdout: '' });
    const { code, stdout } = await call(['node'], 'program.ts');
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, browser: 'function' });
    expect(existsSync(join(project, 'runs/library/summary.json'))).toBe(true);
  });
});
