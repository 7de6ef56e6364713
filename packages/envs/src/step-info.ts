/**
 * What an environment tells of a step beside its outcome, by names, as Gymnasium's `info`. Numbers, and true and false as 1
 * and 0, become metrics: of each episode, the last that it told under a name. All else is passed over.
 */
export type StepInfo = Readonly<Record<string, unknown>>;

/** Numbers by the names under which an environment told them. */
export type InfoNumbers = Readonly<Record<string, number>>;

/** The most names that numbers are reported under. */
export const MOST_INFO_NAMES = 16;
/** The most characters of such a name. */
export const MOST_INFO_NAME = 32;
/** The largest magnitude of such a number: squares of it have a sum. */
export const LARGEST_INFO = 1e100;

const NAME = /^[A-Za-z_][A-Za-z0-9_./-]*$/;

/** Whether numbers may be reported under a name: letters, digits, `_`, `.`, `/` and `-`, at most 32. */
export const isInfoName = (name: string): boolean => name.length <= MOST_INFO_NAME && NAME.test(name);

/** A value of an `info` as the number that is reported; NaN: none is. */
export function infoNumber(value: unknown): number {
  if (typeof value === 'boolean') return value ? 1 : 0;
  return typeof value === 'number' && Math.abs(value) <= LARGEST_INFO ? value : Number.NaN;
}
