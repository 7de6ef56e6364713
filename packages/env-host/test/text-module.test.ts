import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkTextEnvironment, EnvironmentDefinitionError, isText } from '@qfleet/envs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadEnvironment, resolveAnyEnvironment } from '../src/index.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qfleet-text-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A module whose default export is a text environment with these fields. */
async function moduleWith(name: string, fields: string): Promise<string> {
  const module = join(folder, name);
  const create = "create: () => ({ reset: () => 'a', step: () => ({ reward: 1, terminated: true }) })";
  await writeFile(
    module,
    `export default { kind: 'text', id: 'Own-v0', vocabulary: ['a', 'b'], ${fields}, ${create} };`,
  );
  return module;
}

test('a module may define a text environment, which is none with actions', async () => {
  const module = await moduleWith('own.ts', 'context: 8');
  const definition = await resolveAnyEnvironment({ id: 'x', module });
  if (!isText(definition)) return expect.unreachable('it is a text environment');
  expect(checkTextEnvironment(definition, { steps: 20, seed: 0 }).problems).toEqual([]);
  await expect(loadEnvironment(module)).rejects.toThrow('Environment Own-v0 is played with texts');
});

test('a wrong field is refused with the module', async () => {
  const module = await moduleWith('wrong.ts', "context: 'long'");
  const load = resolveAnyEnvironment({ id: 'x', module });
  await expect(load).rejects.toThrow(EnvironmentDefinitionError);
  await expect(load).rejects.toThrow(`Environment module ${module}, field context: it must be`);
});
