import type { z } from 'zod';
import { allowed, type Field, fieldAt, isMapping, kindsOf, namesUnder, type Path } from './fields.ts';
import { suggestion } from './nearest.ts';

/** One thing that is wrong: where, and the rest of the sentence. */
export interface Problem {
  readonly path: Path;
  readonly text: string;
}

/** What zod found wrong with `value`, in sentences that name the field, the value, and what is allowed. */
export function problemsOf(error: z.ZodError, value: unknown): Problem[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path as Path;
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => unknownField([...path, key], value));
    }
    const field = fieldAt(path, value);
    const found = valueAt(path, value);
    const rule = issue.code === 'invalid_format' || field === undefined ? issue.message : allowed(field);
    const kinds =
      issue.code === 'invalid_union' && typeof found === 'string' ? kindsAbove(path, value) : undefined;
    const hint = kinds === undefined ? '' : suggestion(found as string, kinds);
    return [
      {
        path,
        text: `${isGiven(path, value) ? `is ${shown(found)}` : 'is missing'}; allowed: ${rule}.${hint}`,
      },
    ];
  });
}

/** The sentence for a name that the schema does not have; for the field that it may have meant, its whole path. */
export function unknownField(path: Path, value: unknown): Problem {
  const parentPath = path.slice(0, -1);
  const parent = fieldAt(parentPath, value) as Field;
  const prefix = parentPath.length === 0 ? '' : `${parentPath.join('.')}.`;
  const names = namesUnder(parent, valueAt(parentPath, value));
  if (names.length === 0) {
    return { path, text: `is unknown: ${parentPath.join('.')} takes ${allowed(parent)}.` };
  }
  const known = names.map((name) => prefix + name);
  return { path, text: `is unknown.${suggestion(path.join('.'), known)}` };
}

export function valueAt(path: Path, value: unknown): unknown {
  return path.reduce<unknown>(
    (part, key) =>
      isMapping(part) || Array.isArray(part) ? (part as Record<string | number, unknown>)[key] : undefined,
    value,
  );
}

function isGiven(path: Path, value: unknown): boolean {
  return path.length === 0 || valueAt(path, value) !== undefined;
}

function kindsAbove(path: Path, value: unknown): string[] | undefined {
  const union = fieldAt(path.slice(0, -1), value);
  return path.at(-1) === 'kind' && union !== undefined ? kindsOf(union) : undefined;
}

/** A value as a user would write it, cut where it is long. */
function shown(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
