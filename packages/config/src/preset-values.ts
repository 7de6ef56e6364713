import { isMap, isScalar, parseDocument, type YAMLMap } from 'yaml';
import { isMapping } from './fields.ts';
import { presetByName } from './load.ts';
import { presetFile } from './presets.ts';
import { valueAt } from './problems.ts';
import type { ReferenceField } from './reference.ts';

/** The value that a preset gives a field. */
export interface PresetValue {
  readonly value: unknown;
  /** Where the preset has it from: a paper, a peer's settings or a measurement; undefined: it is the field's default. */
  readonly source?: string;
}

/**
 * The values of a preset of either kind, by path: of a field in `fields` that its kinds have. Of a method only what its
 * file says, and the parts that it is of.
 * @throws ConfigError where there is none of this name.
 */
export function presetValues(name: string, fields: readonly ReferenceField[]): Map<string, PresetValue> {
  const config = presetByName(name);
  const { kind, text } = presetFile(name);
  const sources = sourcesOf(text);
  const values = new Map<string, PresetValue>();
  for (const { path, of } of fields) {
    const source = sources.get(path);
    const ofAnother = of !== undefined && !of.kinds.includes(String(at(of.field, config)));
    // A method says nothing of an environment, a fleet and an end.
    const notItsOwn =
      kind === 'method' && source === undefined && !/^(agent|exploration|replay)\./.test(path);
    if (ofAnother || notItsOwn || !isMapping(at(path.split('.').slice(0, -1).join('.'), config))) continue;
    const value = at(path, config);
    if (value === undefined || isMapping(value)) continue;
    values.set(path, source === undefined ? { value } : { value, source });
  }
  return values;
}

const at = (path: string, config: unknown): unknown =>
  path === '' ? config : valueAt(path.split('.'), config);

/** What the file says of each value behind it. */
function sourcesOf(text: string): Map<string, string> {
  const sources = new Map<string, string>();
  const walk = (map: YAMLMap, parent: string): void => {
    for (const { key, value } of map.items) {
      const path = `${parent}${isScalar(key) ? key.value : key}`;
      if (isMap(value) && value.flow !== true) walk(value, `${path}.`);
      else sources.set(path, (value as { comment?: string } | null)?.comment?.trim() ?? 'the preset');
    }
  };
  const { contents } = parseDocument(text);
  if (isMap(contents)) walk(contents, '');
  return sources;
}
