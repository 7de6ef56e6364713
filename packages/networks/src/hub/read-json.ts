import { readFileSync, statSync } from 'node:fs';
import { ModelError } from '../language/model-error.ts';

/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether there is something of that name. */
export const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;

/**
 * Reads a file that holds a JSON object.
 *
 * @throws ModelError where it can't be read, or holds something else.
 */
export function readJsonObject(path: string): JsonObject {
  let value: unknown;
  // A pipe would be waited for.
  if (exists(path) && !statSync(path).isFile()) throw new ModelError(`${path} is no regular file.`);
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new ModelError(
      cause instanceof SyntaxError
        ? `${path} is not JSON: ${message}.`
        : `${path} can't be read: ${code === 'ENOENT' ? 'there is no such file' : message}.`,
      { cause },
    );
  }
  if (!isObject(value)) throw new ModelError(`${path} holds no JSON object.`);
  return value;
}
