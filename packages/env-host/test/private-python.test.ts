import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EnvironmentDefinitionError } from '@qfleet/envs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { GYMNASIUM, privatePython } from '../src/gymnasium/private-python.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qfleet-python-'));
  vi.stubEnv('QFLEET_CACHE_DIR', join(folder, 'cache'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** That it can't be made, in one sentence, and that nothing of it is left. */
async function expectNone(sentence: RegExp): Promise<void> {
  const refused = privatePython(GYMNASIUM);
  await expect(refused).rejects.toThrow(EnvironmentDefinitionError);
  await expect(refused).rejects.toThrow(sentence);
  expect(readdirSync(join(folder, 'cache/gymnasium'))).toEqual([]);
}

it('needs a python3 on the path', async () => {
  vi.stubEnv('PATH', folder);
  await expectNone(
    /^There is no python3 on the path, .* install Python 3\.10 or newer with its venv, or name .*\.$/,
  );
});

it('needs one that has venv', async () => {
  // It comes before that of the standard library, as if there were none.
  writeFileSync(join(folder, 'venv.py'), 'raise ModuleNotFoundError("No module named \'venv\'")\n');
  vi.stubEnv('PYTHONPATH', folder);
  await expectNone(
    /^python3 can't make a virtual environment for Gymnasium \(.*No module named 'venv'\): install its venv, on Debian the package python3-venv, or name .*\.$/,
  );
});

it('needs an index that pip reaches', { timeout: 300_000 }, async () => {
  vi.stubEnv('PIP_CONFIG_FILE', '/dev/null');
  vi.stubEnv('PIP_INDEX_URL', 'http://127.0.0.1:9/simple');
  vi.stubEnv('PIP_NO_CACHE_DIR', '1');
  vi.stubEnv('PIP_RETRIES', '0');
  await expectNone(
    /^pip can't install gymnasium==1\.4\.0, numpy \(ERROR: .*\): see that pip reaches its index, or name .*\.$/,
  );
});
