import { parseDocument } from 'yaml';
import { type Field, fieldAt, isMapping, kindsOf, type Path } from './fields.ts';
import { type Problem, unknownField, valueAt } from './problems.ts';

/** One `path=value`, taken apart. */
export interface Override {
  readonly path: Path;
  readonly value: unknown;
}

/**
 * Reads `agent.learningRate=1e-3`: the value is YAML, so numbers, true, null, [64, 64] and {a: 1} mean what they
 * mean in a file.
 */
export function parseOverride(text: string): Override | string {
  return parsePair(text, (value) => value);
}

/** Reads `agent.learningRate=5e-4,2e-3`: one value or several, each as `parseOverride` takes it. The value is their list. */
export function parseChoices(text: string): (Override & { readonly value: readonly unknown[] }) | string {
  return parsePair(text, (values) => `[${values}]`) as ReturnType<typeof parseChoices>;
}

function parsePair(text: string, yamlOf: (value: string) => string): Override | string {
  const split = text.indexOf('=');
  const path = text.slice(0, split).trim().split('.');
  if (split < 1 || path.includes('')) {
    return `--set ${text}: write path=value, as in --set agent.learningRate=0.001.`;
  }
  const document = parseDocument(yamlOf(text.slice(split + 1)), { logLevel: 'error' });
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault !== undefined) {
    return `--set ${text}: the value is not YAML (${fault.message.split('\n')[0].replace(/ at line.*$/, '')}).`;
  }
  return { path, value: document.toJS() };
}

/**
 * Writes overrides into a configuration that is not checked yet, later ones over earlier ones. A `kind` that changes
 * starts its part afresh, with the new kind's defaults; kinds go first, so that the order of the others does not
 * matter. A path that the schema does not have is left out and told.
 *
 * @param config changed in place.
 */
export function applyOverrides(config: Record<string, unknown>, overrides: readonly Override[]): Problem[] {
  const kindFirst = [
    ...overrides.filter(({ path }) => path.at(-1) === 'kind').sort((a, b) => a.path.length - b.path.length),
    ...overrides.filter(({ path }) => path.at(-1) !== 'kind'),
  ];
  return kindFirst.flatMap(({ path, value }) => {
    const problem = firstUnknown(path, config);
    if (problem !== undefined) return [problem];
    write(config, path, value);
    return [];
  });
}

function firstUnknown(path: Path, config: unknown): Problem | undefined {
  for (let length = 1; length <= path.length; length++) {
    const part = path.slice(0, length);
    if (fieldAt(part, config) === undefined) return unknownField(part, config);
    if (Array.isArray(valueAt(part, config)) && length < path.length) {
      return { path, text: `is part of a list: set ${part.join('.')} as a whole, as in [64, 64].` };
    }
  }
  return undefined;
}

function write(config: Record<string, unknown>, path: Path, value: unknown): void {
  let part = config;
  path.slice(0, -1).forEach((key, depth) => {
    if (!isMapping(part[key])) {
      const field = fieldAt(path.slice(0, depth + 1), config) as Field;
      part[key] = structuredClone(isMapping(field.default) ? field.default : {});
    }
    part = part[key] as Record<string, unknown>;
  });
  const name = path.at(-1) as string;
  const changesKind = name === 'kind' && part['kind'] !== value;
  // The replay was set up for the agent that is replaced, and this one has none.
  if (changesKind && path.join('.') === 'agent.kind' && value === 'pqn') delete config['replay'];
  if (changesKind && kindsOf(fieldAt(path.slice(0, -1), config) as Field) !== undefined) {
    for (const key of Object.keys(part)) delete part[key];
  }
  part[name] = value;
}
