import { isDeepStrictEqual } from 'node:util';
import { allowed, type Field, isMapping, kindsOf, runField } from './fields.ts';

/** A kind of a part of the configuration on which a field depends. */
export interface KindOf {
  /** The field that names the kind, as `agent.objective.kind`. */
  readonly field: string;
  readonly kinds: readonly string[];
}

/** A value that a field takes, where there are but a few. */
export interface Choice {
  readonly value: string;
  /** What it does; undefined: its name says it. */
  readonly meaning?: string;
}

/** What the schema says of one field of a run's configuration. */
export interface ReferenceField {
  /** The field as `--set` names it. */
  readonly path: string;
  /** The kinds of the part above that have this field; undefined: it is always there. */
  readonly of?: KindOf;
  /** Type and range, in words. */
  readonly allowed: string;
  readonly choices?: readonly Choice[];
  /** The value where none is given; undefined: it has to be given, or is left out. */
  readonly default?: unknown;
  readonly meaning?: string;
  /** The paper that the meaning names. */
  readonly source?: string;
}

/** "Mnih et al., 2015", "van Hasselt et al., 2016", "Loshchilov and Hutter, 2019". */
const CITATION =
  /(?:(?:van|von|de) )?\p{Lu}[\p{L}-]+(?: et al\.| and \p{Lu}[\p{L}-]+)?, (?:19|20)\d\d[a-z]?/u;

/** All fields of a run's configuration, in the schema's order; one that is another under another kind is there for each. */
export function configReference(): ReferenceField[] {
  const fields: ReferenceField[] = [];
  for (const field of below(runField, [], undefined)) {
    const same = fields.findIndex((other) => isSameButForKinds(other, field));
    if (same < 0) fields.push(field);
    else fields[same] = joined(fields[same], field);
  }
  return fields.map((field) => withoutEveryKind(field, fields));
}

/** A field that every kind of its part has depends on what the part itself depends on. */
function withoutEveryKind(field: ReferenceField, all: readonly ReferenceField[]): ReferenceField {
  const { of, ...rest } = field;
  const part = all.find(({ path }) => path === of?.field);
  if (of === undefined || part?.choices?.length !== of.kinds.length) return field;
  return part.of === undefined ? rest : { ...rest, of: part.of };
}

function isSameButForKinds(a: ReferenceField, b: ReferenceField): boolean {
  const { of: first, ...left } = a;
  const { of: second, ...right } = b;
  return first?.field === second?.field && isDeepStrictEqual(left, right);
}

function joined(a: ReferenceField, b: ReferenceField): ReferenceField {
  if (a.of === undefined || b.of === undefined) return a;
  return { ...a, of: { field: a.of.field, kinds: [...new Set([...a.of.kinds, ...b.of.kinds])] } };
}

function* below(part: Field, path: readonly string[], of: KindOf | undefined): Generator<ReferenceField> {
  for (const [name, field] of Object.entries(part.properties ?? {})) {
    yield* fieldsOf(field as Field, [...path, name], of);
  }
}

function* fieldsOf(field: Field, path: readonly string[], of: KindOf | undefined): Generator<ReferenceField> {
  const mapping = mappingOf(field);
  const isNullable = field !== mapping;
  if (mapping === undefined) {
    yield described(field, path, of);
    return;
  }
  if (isNullable) yield described(field, path, of);
  const kinds = kindsOf(mapping);
  if (kinds === undefined) {
    yield* below(mapping, path, of);
    return;
  }
  const kindPath = [...path, 'kind'];
  yield kindField(mapping, kinds, kindPath, of);
  for (const [place, option] of (mapping.oneOf as Field[]).entries()) {
    const { kind: _, ...properties } = option.properties as Record<string, Field>;
    yield* below({ properties } as Field, path, { field: kindPath.join('.'), kinds: [kinds[place]] });
  }
}

/** What a field that holds further fields is; undefined: it holds a value. */
function mappingOf(field: Field): Field | undefined {
  if (field.properties !== undefined || kindsOf(field) !== undefined) return field;
  const others = (field.anyOf as Field[] | undefined)?.filter(({ type }) => type !== 'null');
  return others?.length === 1 ? mappingOf(others[0]) : undefined;
}

function kindField(
  union: Field,
  kinds: readonly string[],
  path: readonly string[],
  of: KindOf | undefined,
): ReferenceField {
  const meanings = (union.oneOf as Field[]).map(
    ({ properties }) => (properties as Record<string, Field>)['kind'].description,
  );
  return {
    path: path.join('.'),
    ...(of === undefined ? {} : { of }),
    allowed: kinds.join(' or '),
    choices: kinds.map((value, place) => ({
      value,
      ...(meanings[place] === undefined ? {} : { meaning: meanings[place] }),
    })),
    ...(isMapping(union.default) ? { default: union.default['kind'] } : {}),
    ...meaningOf(union.description),
  };
}

function described(field: Field, path: readonly string[], of: KindOf | undefined): ReferenceField {
  const choices = choicesOf(field);
  return {
    path: path.join('.'),
    ...(of === undefined ? {} : { of }),
    allowed: allowed(field),
    ...(choices === undefined ? {} : { choices: choices.map((value) => ({ value })) }),
    ...(field.default === undefined ? {} : { default: field.default }),
    ...meaningOf(field.description),
  };
}

function choicesOf(field: Field): string[] | undefined {
  if (field.enum !== undefined) return field.enum.map(String);
  return field.type === 'boolean' ? ['true', 'false'] : undefined;
}

function meaningOf(meaning: string | undefined): Pick<ReferenceField, 'meaning' | 'source'> {
  if (meaning === undefined) return {};
  const source = CITATION.exec(meaning)?.[0];
  return { meaning, ...(source === undefined ? {} : { source }) };
}
