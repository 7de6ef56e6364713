import { InvalidArgumentError } from 'commander';

/** Option parsers for commander: a wrong value ends with exit code 2 before anything starts. */
const number =
  (allowed: string, accept: (value: number) => boolean) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !accept(value)) throw new InvalidArgumentError(`It must be ${allowed}.`);
    return value;
  };

/** 1, 2, 3 … */
export const positiveInteger = number('a positive integer', (n) => Number.isSafeInteger(n) && n > 0);

/** 0 … 2³² − 1. */
export const seed = number(
  'an integer from 0 to 4294967295',
  (n) => Number.isSafeInteger(n) && n >= 0 && n <= 0xffffffff,
);

/** An integer from `least` to `most`. */
export const between = (least: number, most: number) =>
  number(`an integer from ${least} to ${most}`, (n) => Number.isSafeInteger(n) && n >= least && n <= most);

/** A number above 0. */
export const positive = number('a number above 0', (n) => Number.isFinite(n) && n > 0);

/** 0 and above. */
export const atLeastZero = number('a number from 0 on', (n) => Number.isFinite(n) && n >= 0);

/** Collects the values of an option that may be given several times. */
export const collect = (text: string, before: string[] = []): string[] => [...before, text];

/** Whether an argument names a module of an environment. */
export const isModule = (text: string): boolean => /\.[cm]?[jt]s$/.test(text);
