import {
  configReference,
  type PresetValue,
  presetValues,
  type ReferenceField,
  suggestion,
} from '@qfleet/config';
import { UsageError } from '../errors.ts';
import { print, printJson, style, table } from '../terminal/output.ts';

/** A preset whose values are shown beside what the schema says. */
interface Preset {
  readonly name: string;
  readonly values: ReadonlyMap<string, PresetValue>;
}

/** `qfleet config`: what the schema says of a field, of those below a part, or of all; with a preset, of those it has. */
export async function showReference(
  path: string | undefined,
  options: { preset?: string; json?: true },
): Promise<void> {
  const all = configReference();
  const preset =
    options.preset === undefined ? null : { name: options.preset, values: presetValues(options.preset, all) };
  const found = path === undefined ? all : fieldsAt(path, all);
  const fields = found.filter((field) => preset === null || isOf(preset, field));
  if (fields.length === 0) {
    throw new UsageError(`The preset ${preset?.name} says nothing of ${path}: leave --preset out.`);
  }
  if (options.json) {
    return await printJson(fields.map((field) => ({ ...field, ...preset?.values.get(field.path) })));
  }
  await print(found.every((field) => field.path === path) ? details(fields, preset) : list(fields, preset));
}

/** @throws UsageError that names the nearest field. */
function fieldsAt(path: string, all: readonly ReferenceField[]): ReferenceField[] {
  const exact = all.filter((field) => field.path === path);
  const below = all.filter((field) => field.path.startsWith(`${path}.`));
  if (exact.length + below.length > 0) return [...exact, ...below];
  const named = [...new Set(all.map((field) => field.path).filter((each) => each.endsWith(`.${path}`)))];
  if (named.length > 0)
    throw new UsageError(`There is no field ${path}. Did you mean ${named.join(' or ')}?`);
  const parts = path.split('.');
  for (let length = parts.length - 1; ; length--) {
    const prefix = parts
      .slice(0, length)
      .map((part) => `${part}.`)
      .join('');
    const names = all.filter((field) => field.path.startsWith(prefix));
    if (names.length === 0) continue;
    const next = new Set(names.map((field) => field.path.slice(prefix.length).split('.')[0]));
    throw new UsageError(`There is no field ${path}.${suggestion(parts[length], [...next], prefix)}`);
  }
}

/** Whether a preset has this field, of the kind that it chooses where the field differs between kinds. */
function isOf({ values }: Preset, { path, of }: ReferenceField): boolean {
  if (!values.has(path)) return false;
  const kind = of && values.get(of.field)?.value;
  return of === undefined || kind === undefined || of.kinds.includes(String(kind));
}

function list(fields: readonly ReferenceField[], preset: Preset | null): string {
  const head = ['field', preset === null ? 'default' : preset.name, preset === null ? 'means' : 'source'];
  const rows = fields.map((field) => {
    const given = preset?.values.get(field.path);
    if (given !== undefined)
      return [style('bold', field.path), shown(given.value), given.source ?? 'the default'];
    return [style('bold', field.path), shown(field.default), [meaningOf(field), kindsOf(field)].join('')];
  });
  return table([head.map((title) => style('dim', title)), ...rows]);
}

function details(fields: readonly ReferenceField[], preset: Preset | null): string {
  return fields.map((field) => detail(field, preset)).join('\n\n');
}

function detail(field: ReferenceField, preset: Preset | null): string {
  const given = preset?.values.get(field.path);
  const meanings = field.choices?.filter(({ meaning }) => meaning !== undefined) ?? [];
  const rows = [
    ['takes', field.allowed],
    ...meanings.map(({ value, meaning }) => ['', `${value}: ${meaning}`]),
    ['default', shown(field.default)],
    ...(field.meaning === undefined ? [] : [['means', field.meaning]]),
    ...(field.source === undefined ? [] : [['source', field.source]]),
    ...(field.of === undefined ? [] : [['where', `${field.of.field} is ${field.of.kinds.join(' or ')}`]]),
    ...(given === undefined
      ? []
      : [[`in ${preset?.name}`, `${shown(given.value)} (${given.source ?? 'the default'})`]]),
  ];
  return `${style('bold', field.path)}\n${table(rows.map(([name, text]) => [`  ${style('dim', name)}`, text]))}`;
}

const meaningOf = ({ meaning, choices, allowed }: ReferenceField): string =>
  meaning ?? (choices === undefined ? '' : allowed);

/** The kinds that have a field, where not all have it. */
const kindsOf = ({ of }: ReferenceField): string =>
  of === undefined ? '' : ` [${of.field.split('.').at(-2)} ${of.kinds.join(', ')}]`;

/** A value as a file writes it. */
function shown(value: unknown): string {
  if (value === undefined) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
