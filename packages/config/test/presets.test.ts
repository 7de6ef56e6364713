import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { listPresets, loadRunConfig, presetFor } from '../src/index.ts';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
/** What each preset was when it was last changed on purpose: the whole configuration, defaults included. */
const expected = JSON.parse(readFileSync(at('./fixtures/presets.json'), 'utf8')) as Record<string, object>;
const folder = at('../presets');

describe('presets', () => {
  it('are the files of their folder, in order', () => {
    const files = readdirSync(folder).map((file) => file.replace(/\.yaml$/, ''));
    expect(listPresets().map(({ name }) => name)).toEqual(files.sort());
    expect(Object.keys(expected).sort()).toEqual(files);
  });

  it.each(listPresets())('$name trains what it always has', ({ name, summary }) => {
    expect({ summary, config: loadRunConfig({ preset: name }) }).toEqual(expected[name]);
  });

  it.each(listPresets())('$name is a configuration file like any other', ({ name }) => {
    const config = loadRunConfig({ file: join(folder, `${name}.yaml`) });
    expect(config).toEqual(loadRunConfig({ preset: name }));
  });

  it.each(listPresets())('$name names the source of each value', ({ name }) => {
    const lines = readFileSync(join(folder, `${name}.yaml`), 'utf8')
      .trimEnd()
      .split('\n');
    for (const line of lines) expect(line).toMatch(/^ *#|^ *\w+:$|^ *\w+: \S.* # \S/);
  });

  it('are found by the environment that they train', () => {
    expect(presetFor('CartPole-v1')).toBe('cartpole');
    expect(presetFor('cartpole')).toBeUndefined();
  });

  it('lie beside the compiled files too', async () => {
    const compiled = fileURLToPath(import.meta.resolve('@qfleet/config'));
    expect(join(dirname(compiled), '..', 'presets')).toBe(folder);
    const { listPresets: listed } = (await import('@qfleet/config')) as typeof import('../src/index.ts');
    expect(listed()).toEqual(listPresets());
  });
});
