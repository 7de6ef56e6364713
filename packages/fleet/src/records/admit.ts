import type { RecordKind } from '@qfleet/metrics';
import type { z } from 'zod';
import { refuse } from './refusals.ts';

/**
 * What JSON text from Redis says, as `schema` has it; null where it is refused, which is counted and named.
 * @param where what the text is, for the log: `process actor:a1`.
 */
export function admit<T>(kind: RecordKind, where: string, text: string, schema: z.ZodType<T>): T | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    refuse(kind, `${where} is not JSON`);
    return null;
  }
  return admitValue(kind, where, value, schema);
}

/** As `admit`, of what was read as JSON already. */
export function admitValue<T>(
  kind: RecordKind,
  where: string,
  value: unknown,
  schema: z.ZodType<T>,
): T | null {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [{ path, message }] = result.error.issues;
  refuse(kind, `${[where, ...path.map(String)].join(', ')}: ${message}`);
  return null;
}

/**
 * The count that a field of a hash says, 0 where there is none; null where it is refused, which is counted and named.
 * @param name what the number is, for the log.
 */
export function admitCount(
  kind: RecordKind,
  name: string,
  text: string | null | undefined,
  least = 0,
  most = Number.MAX_SAFE_INTEGER,
): number | null {
  if (text === undefined) return null;
  const value = numberWithin(text ?? '0', least, most);
  if (value === null) refuse(kind, `${name} is ${JSON.stringify(text)}`);
  return value;
}

/** A number that Redis holds as text, if it is finite and within these bounds; else null. */
export function numberWithin(text: string, least: number, most: number): number | null {
  if (!/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text)) return null;
  const value = Number(text);
  return value >= least && value <= most ? value : null;
}
