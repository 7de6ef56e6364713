import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ConfigError } from './errors.ts';
import { isMapping } from './fields.ts';
import { suggestion } from './nearest.ts';
import { parseYaml } from './parse-yaml.ts';

/** What a preset is of: an environment that it trains, or a method by which any is trained. */
export type PresetKind = 'environment' | 'method';

/** A preset's name, its kind, and its line, the first of its file. */
export interface Preset {
  readonly name: string;
  readonly kind: PresetKind;
  readonly summary: string;
}

/** The folders of the presets, one file each: beside `src`, and beside `dist`. */
const FOLDERS: Readonly<Record<PresetKind, URL>> = {
  environment: new URL('../presets/', import.meta.url),
  method: new URL('../presets/methods/', import.meta.url),
};
const ENDING = '.yaml';

const names = (kind: PresetKind): string[] =>
  readdirSync(FOLDERS[kind])
    .filter((file) => file.endsWith(ENDING))
    .map((file) => file.slice(0, -ENDING.length))
    .sort();

const fileOf = (kind: PresetKind, name: string): URL => new URL(name + ENDING, FOLDERS[kind]);

const mappingOf = (kind: PresetKind, name: string): Record<string, unknown> => {
  const file = fileOf(kind, name);
  return parseYaml(readFileSync(file, 'utf8'), fileURLToPath(file)).value;
};

/** The presets there are, those of environments before the methods, with a line on each. */
export function listPresets(): Preset[] {
  return (['environment', 'method'] as const).flatMap((kind) =>
    names(kind).map((name) => {
      const summary = /^# (.+)/.exec(readFileSync(fileOf(kind, name), 'utf8'))?.[1] ?? '';
      return { name, kind, summary };
    }),
  );
}

/**
 * The file of a preset of either kind: a comment behind each value says where it is from.
 * @throws ConfigError that names the nearest preset.
 */
export function presetFile(name: string): { kind: PresetKind; text: string } {
  const kind: PresetKind = isMethod(name) ? 'method' : 'environment';
  if (kind === 'environment') presetConfig(name);
  return { kind, text: readFileSync(fileOf(kind, name), 'utf8') };
}

/** Whether there is a method of this name. */
export const isMethod = (name: string): boolean => names('method').includes(name);

/**
 * What the file of an environment's preset says, not checked yet.
 * @throws ConfigError that names the nearest preset.
 */
export function presetConfig(name: string): Record<string, unknown> {
  const known = names('environment');
  if (known.includes(name)) return mappingOf('environment', name);
  if (isMethod(name)) {
    throw new ConfigError([
      `${name} is a method: say what it trains, as in \`qfleet train cartpole --preset ${name}\`.`,
    ]);
  }
  throw new ConfigError([`There is no preset "${name}".${suggestion(name, known)}`]);
}

/**
 * What a method's file says, not checked yet: nothing of an environment.
 * @throws ConfigError that names the nearest method.
 */
export function methodConfig(name: string): Record<string, unknown> {
  const known = names('method');
  if (known.includes(name)) return mappingOf('method', name);
  const what = names('environment').includes(name)
    ? `${name} is the preset of an environment, not a method; methods are ${known.join(', ')}.`
    : `There is no method "${name}".${suggestion(name, known)}`;
  throw new ConfigError([`--preset: ${what}`]);
}

/** The first preset that trains an environment of this id as it is; undefined: there is none. */
export const presetFor = (environment: string): string | undefined =>
  names('environment').find((name) => {
    const trained = mappingOf('environment', name)['environment'];
    return isMapping(trained) && trained['id'] === environment;
  });
