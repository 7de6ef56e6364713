import type { z } from 'zod';
import {
  allowed,
  type Field,
  fieldAt,
  isMapping,
  kindsOf,
  kindWith,
  namesUnder,
  type Path,
} from './fields.ts';
import { suggestion } from './nearest.ts';

/** One thing that is wrong: where, and the rest of the sentence. */
export interface Problem {
  readonly path: Path;
  readonly text: string;
}

/**
 * What zod found wrong with `value`, in sentences that name the field, the value, and what is allowed.
 *
 * @param root the field of the whole value; left out: a run's configuration.
 */
export function problemsOf(error: z.ZodError, value: unknown, root?: Field): Problem[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path as Path;
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => unknownField([...path, key], value, root));
    }
    const field = fieldAt(path, value, root);
    const found = valueAt(path, value);
    const kinds = kindsAbove(path, value, root);
    const rule =
      kinds?.join(' or ') ??
      (issue.code === 'invalid_format' || field === undefined ? issue.message : allowed(field));
    const hint = kinds === undefined || typeof found !== 'string' ? '' : suggestion(found, kinds);
    return [
      {
        path,
        text: `${isGiven(path, value) ? `is ${shown(found)}` : 'is missing'}; allowed: ${rule}.${hint}`,
      },
    ];
  });
}

/** The sentence for a name that the schema does not have; for the field that it may have meant, its whole path. */
export function unknownField(path: Path, value: unknown, root?: Field): Problem {
  const parentPath = path.slice(0, -1);
  const parent = fieldAt(parentPath, value, root) as Field;
  const name = String(path.at(-1));
  const parentValue = valueAt(parentPath, value);
  const names = namesUnder(parent, parentValue);
  if (names.length === 0) {
    return { path, text: `is unknown: ${parentPath.join('.')} takes ${allowed(parent)}.` };
  }
  const owner = kindWith(parent, name);
  if (owner !== undefined) return { path, text: `is unknown here: it belongs to kind ${owner}.` };
  const prefix = parentPath.length === 0 ? '' : `${parentPath.join('.')}.`;
  return { path, text: `is unknown.${suggestion(name, names, prefix)}` };
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

function kindsAbove(path: Path, value: unknown, root?: Field): string[] | undefined {
  const union = fieldAt(path.slice(0, -1), value, root);
  return path.at(-1) === 'kind' && union !== undefined ? kindsOf(union) : undefined;
}

/** A value as a user would write it, cut where it is long. */
function shown(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
