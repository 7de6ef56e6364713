import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { privatePython } from '../support/private-python.ts';

const run = promisify(execFile);

/** The originals, as they are pinned in the scripts' own words. */
const PACKAGES = [
  'gymnasium[box2d]==1.4.0',
  'Box2D==2.3.10',
  'MinAtar==1.0.15',
  'highway-env==1.12.1',
  'numpy==2.4.6',
];
const SCRIPTS = [
  ['make_traces.py'],
  ['make_pendulum.py'],
  ['make_flat.py'],
  ['make_minatar.py', '--seeds', '12', '--acts', '5000'],
  ['make_highway.py'],
  ['make_lunar_lander.py'],
] as const;
const scripts = fileURLToPath(new URL('../../packages/envs/test/reference/', import.meta.url));

/**
 * Has the original packages play afresh before the tests, from a seed that is told (`QFLEET_PARITY_SEED` takes one), and
 * points the tests to what they did. Returns what removes it.
 */
export default async function setup(): Promise<() => Promise<void>> {
  const seed = Number(process.env['QFLEET_PARITY_SEED'] ?? (Date.now() % 1_000_000) + 1_000);
  const python = await privatePython('originals', PACKAGES);
  const out = await mkdtemp(join(tmpdir(), 'qfleet-parity-'));
  await mkdir(join(out, 'minatar'));
  process.stderr.write(`The originals play from seed ${seed} (QFLEET_PARITY_SEED=${seed} repeats it) …\n`);
  for (const [script, ...more] of SCRIPTS) {
    const began = Date.now();
    await run(python, [join(scripts, script), '--seed', `${seed}`, '--out', out, ...more], {
      maxBuffer: 1 << 26,
    });
    process.stderr.write(`  ${script} (${((Date.now() - began) / 1000).toFixed(0)} s)\n`);
  }
  process.env['QFLEET_REFERENCE'] = out;
  return () => rm(out, { recursive: true, force: true });
}
