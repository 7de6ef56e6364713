/** A cell of an imported file holds what does not belong there. The message is the end of a sentence: `is null, not …`. */
export class CellError extends Error {
  override readonly name = 'CellError';
  /** The column, where it is another than the one that is being read. */
  readonly column: string | undefined;

  constructor(message: string, column?: string) {
    super(message);
    this.column = column;
  }
}

/** A value as a sentence may quote it: short, and of any type. */
export function quote(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (value === undefined || value === null) return 'null';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'a date' : value.toISOString();
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'object' ? 'a structure' : String(value);
}

/** A whole number, however the file stores it. @throws CellError */
export function integer(value: unknown, least: number, most: number): number {
  const fits = typeof value === 'bigint' || Number.isInteger(value);
  if (!fits || (value as number) < least || (value as number) > most)
    throw new CellError(`is ${quote(value)}, not an integer from ${least} to ${most}`);
  return Number(value);
}

/** How a number is rounded to what stores it. */
export const roundings = { float64: Number, float32: Math.fround, float16: Math.f16round } as const;

/** A finite number, rounded to the nearest of `dtype`, as an actor's are. @throws CellError */
export function finite(value: unknown, dtype: keyof typeof roundings): number {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number))
    throw new CellError(`is ${quote(value)}, not a finite number`);
  const rounded = roundings[dtype](number);
  if (!Number.isFinite(rounded)) throw new CellError(`is ${quote(value)}, more than ${dtype} holds`);
  return rounded;
}

/**
 * A truth value.
 * @throws CellError
 */
export function truth(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new CellError(`is ${quote(value)}, not true or false`);
  return value;
}

/** Text of `least` to `most` bytes of UTF-8. @throws CellError */
export function text(value: unknown, least: number, most: number): string {
  const bytes = typeof value === 'string' ? Buffer.byteLength(value) : -1;
  if (bytes < least || bytes > most)
    throw new CellError(`is ${quote(value)}, not a text of ${least} to ${most} bytes`);
  return value as string;
}
