import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ConfigError } from './errors.ts';
import { isMapping } from './fields.ts';
import { suggestion } from './nearest.ts';
import { parseYaml } from './parse-yaml.ts';

/** The folder of the presets, one file each: beside `src`, and beside `dist`. */
const folder = new URL('../presets/', import.meta.url);
const ENDING = '.yaml';

/** A preset's name and its line, the first of its file. */
export interface Preset {
  readonly name: string;
  readonly summary: string;
}

const names = (): string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith(ENDING))
    .map((file) => file.slice(0, -ENDING.length))
    .sort();

const textOf = (name: string): string => readFileSync(new URL(name + ENDING, folder), 'utf8');

const mappingOf = (name: string): Record<string, unknown> =>
  parseYaml(textOf(name), fileURLToPath(new URL(name + ENDING, folder))).value;

/** The presets there are, in the order of their names, with a line on each. */
export function listPresets(): Preset[] {
  return names().map((name) => ({ name, summary: /^# (.+)/.exec(textOf(name))?.[1] ?? '' }));
}

/**
 * What a preset's file says, not checked yet.
 * @throws ConfigError that names the nearest preset.
 */
export function presetConfig(name: string): Record<string, unknown> {
  const known = names();
  if (!known.includes(name)) {
    throw new ConfigError([`There is no preset "${name}".${suggestion(name, known)}`]);
  }
  return mappingOf(name);
}

/** The first preset that trains an environment of this id as it is; undefined: there is none. */
export const presetFor = (environment: string): string | undefined =>
  names().find((name) => {
    const trained = mappingOf(name)['environment'];
    return isMapping(trained) && trained['id'] === environment;
  });
