import { z } from 'zod';
import { runSchema } from './schema/run.ts';

/** A part of the configuration's JSON Schema: what the errors, the overrides and the comments know of a field. */
export type Field = z.core.JSONSchema.BaseSchema;

/** What a schema takes, as users write it. */
export const fieldOf = (schema: z.ZodType): Field => z.toJSONSchema(schema, { io: 'input' });

/** The whole configuration of a run. */
export const runField: Field = fieldOf(runSchema);

export type Path = readonly (string | number)[];

/**
 * The field at a path of a value. The value decides between the alternatives of a union by their `kind`; where it
 * has none, the default does.
 *
 * @param root the field of the whole value; left out: a run's configuration.
 * @returns undefined where there is no such field.
 */
export function fieldAt(path: Path, value: unknown, root: Field = runField): Field | undefined {
  let field: Field | undefined = root;
  let part = value;
  for (const key of path) {
    field = child(alternative(field, part), key);
    if (field === undefined) return undefined;
    part =
      isMapping(part) || Array.isArray(part) ? (part as Record<string | number, unknown>)[key] : undefined;
  }
  return field;
}

/** The names that may stand under a field, given its value; none for a scalar, a list or a free mapping. */
export function namesUnder(field: Field, value: unknown): string[] {
  return Object.keys(alternative(field, value).properties ?? {});
}

/** The kinds between which a union chooses; undefined where there is no choice. */
export function kindsOf(field: Field): string[] | undefined {
  const kinds = field.oneOf?.map((option) => kindField(option)?.const);
  return kinds?.every((kind) => typeof kind === 'string') ? kinds : undefined;
}

/** The kind of a union that has a field of this name; undefined: none has. */
export function kindWith(field: Field, name: string): string | undefined {
  if (kindsOf(field) === undefined) return undefined;
  const owner = (field.oneOf as Field[]).find((option) => Object.hasOwn(option.properties ?? {}, name));
  return owner && String(kindField(owner)?.const);
}

/** What a field takes, to follow "allowed: ". */
export function allowed(field: Field): string {
  if (field.enum !== undefined) return field.enum.map(String).join(' or ');
  if (field.const !== undefined) return String(field.const);
  const options = field.anyOf ?? (kindsOf(field) === undefined ? field.oneOf : undefined);
  if (options !== undefined) return (options as Field[]).map(allowed).join(' or ');
  if (Array.isArray(field.type)) return field.type.map((type) => allowed({ type } as Field)).join(' or ');
  switch (field.type) {
    case 'integer':
      return `an integer${range(field)}`;
    case 'number':
      return `a number${range(field)}`;
    case 'boolean':
      return 'true or false';
    case 'string':
      return 'text';
    case 'null':
      return 'null';
    case 'array':
      if (Array.isArray(field.prefixItems)) {
        return `a list of ${field.prefixItems.length} values: ${(field.prefixItems as Field[]).map(allowed).join(', ')}`;
      }
      return `a list of ${field.minItems ?? 0} to ${field.maxItems ?? 'any number of'} values, each ${allowed(field.items as Field)}`;
    default:
      return 'a mapping of fields to values';
  }
}

function range(field: Field): string {
  const low =
    field.exclusiveMinimum !== undefined
      ? ` above ${field.exclusiveMinimum}`
      : field.minimum !== undefined && field.minimum > Number.MIN_SAFE_INTEGER
        ? ` of at least ${field.minimum}`
        : '';
  const high =
    field.exclusiveMaximum !== undefined
      ? ` below ${field.exclusiveMaximum}`
      : field.maximum !== undefined && field.maximum < Number.MAX_SAFE_INTEGER
        ? ` at most ${field.maximum}`
        : '';
  return low && high ? `${low} and${high}` : low + high;
}

/** The option of a union that a value means; of a field that may be null, what it is otherwise. */
function alternative(field: Field, value: unknown): Field {
  const others = (field.anyOf as Field[] | undefined)?.filter(({ type }) => type !== 'null');
  if (others?.length === 1) return alternative(others[0], value);
  if (kindsOf(field) === undefined) return field;
  const given = isMapping(value) ? value['kind'] : undefined;
  const kind = given ?? (isMapping(field.default) ? field.default['kind'] : undefined);
  return (field.oneOf as Field[]).find((option) => kindField(option)?.const === kind) ?? kindOnly(field);
}

/** While the kind is unknown, all that is known of a union is that it has one. */
function kindOnly(field: Field): Field {
  return { type: 'object', properties: { kind: { type: 'string', enum: kindsOf(field) } } } as Field;
}

function kindField(option: z.core.JSONSchema._JSONSchema): Field | undefined {
  return typeof option === 'object' ? (option.properties?.['kind'] as Field | undefined) : undefined;
}

function child(field: Field, key: string | number): Field | undefined {
  if (field.type === 'array') return Number.isInteger(Number(key)) ? (field.items as Field) : undefined;
  if (field.properties !== undefined) {
    return Object.hasOwn(field.properties, key) ? (field.properties[key] as Field) : undefined;
  }
  return typeof field.additionalProperties === 'object' && key !== '__proto__'
    ? field.additionalProperties
    : undefined;
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
