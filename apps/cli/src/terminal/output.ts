import { relative } from 'node:path';
import { stripVTControlCharacters, styleText } from 'node:util';
import { isApart, tellParent } from '../apart/channel.ts';
import { CommandError } from '../errors.ts';
import { isReaderGone } from './streams.ts';

type Style = Parameters<typeof styleText>[0];

/** Colours for stdout: none where it is no terminal, or where NO_COLOR is set. */
export const style = (format: Style, text: string): string =>
  styleText(format, text, { stream: process.stdout });

/** Writes a line to stdout, as `printPart` does. */
export const print = (text: string): Promise<void> => printPart(`${text}\n`);

/**
 * Writes to stdout and waits until it is handed over, so that a pipe gets all of it. A reader that has ended misses it.
 *
 * @throws CommandError where it cannot be written, as to a file on a full disk.
 */
export function printPart(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (!error || isReaderGone(error)) return resolve();
      const { code } = error as NodeJS.ErrnoException;
      reject(new CommandError(`The result can't be written to stdout (${code}): see where it is directed.`));
    });
  });
}

/** The one document of `--json`. */
export async function printJson(document: unknown): Promise<void> {
  const text = JSON.stringify(document);
  if (isApart) tellParent({ document: text });
  else await print(text);
}

const width = (cell: string): number => stripVTControlCharacters(cell).length;

/**
 * Columns of text, each as wide as its widest cell; cells may be styled.
 *
 * @param right the columns that are aligned to the right.
 */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, width(cell));
  }
  const pad = (cell: string, column: number): string => {
    const blank = ' '.repeat(widths[column] - width(cell));
    return right.includes(column) ? blank + cell : cell + blank;
  };
  return rows.map((row) => row.map(pad).join('  ').trimEnd()).join('\n');
}

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });
const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** 12345 → "12,345". */
export const integer = (value: number): string => grouped.format(value);

/** "1 seed", "12,345 seeds". */
export const counted = (count: number, noun: string): string =>
  `${integer(count)} ${noun}${count === 1 ? '' : 's'}`;

/** 12345 → "12.3K": three significant digits. */
export const short = (value: number): string => compact.format(value);

/** Decimals of a return that is told without a goal. */
function decimalsOf(value: number): number {
  const magnitude = Math.abs(value);
  if (magnitude >= 10 || magnitude === 0) return 1;
  return magnitude >= 0.1 ? 2 : Math.min(8, 1 - Math.floor(Math.log10(magnitude)));
}

const MOST_DECIMALS = 12;
/** From here on a return's decimals say nothing. */
const LARGE_RETURN = 1e6;

/**
 * A return with the digits that it needs: 499.6, 0.94, 0.0032, 1.235e+25.
 *
 * @param goals enough digits are shown to tell on which side of each goal the return lies; null: no goal.
 */
export function returned(value: number, ...goals: readonly (number | null)[]): string {
  if (Math.abs(value) >= LARGE_RETURN) return Number(value.toPrecision(4)).toString();
  for (let decimals = decimalsOf(value); ; decimals++) {
    const text = value.toFixed(decimals);
    const isTold = goals.every((goal) => goal === null || Number(text) >= goal === value >= goal);
    if (isTold || decimals >= MOST_DECIMALS) return text;
  }
}

/** Mean and deviation of returns, with the same decimals: "499.6 ± 0.8". */
export function returnedAs(mean: number, std: number, ...goals: readonly (number | null)[]): string {
  const text = returned(mean, ...goals);
  const decimals = text.includes('e') ? null : (text.split('.')[1]?.length ?? 0);
  return `${text} ± ${decimals === null || Math.abs(std) >= LARGE_RETURN ? returned(std) : std.toFixed(decimals)}`;
}

/** " (3 of them cut short)", where there are any. */
export const cutShortNote = (episodes: number | undefined): string =>
  episodes === undefined ? '' : ` (${episodes} of them cut short)`;

/** 3725 → "1:02:05"; below an hour "2:05". */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const pad = (n: number): string => String(n).padStart(2, '0');
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`;
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'];

/** 12345678 → "12.3 MB". */
export function bytes(value: number): string {
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  return `${Number((value / 1000 ** power).toPrecision(3))} ${units[power]}`;
}

/** A path as it is said: relative where it lies below the working directory. */
export function shown(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere === '' || fromHere.startsWith('..') ? path : fromHere;
}

/** Breaks lines between words where they are wider than the terminal, and words that are; words may be styled. */
export function fold(text: string, columns: number | undefined): string {
  if (columns === undefined) return text;
  return text
    .split('\n')
    .map((line) => (width(line) <= columns ? line : foldLine(line, columns)))
    .join('\n');
}

/** The first lines of a text that is higher than the terminal, and how many are left out where that can be said. */
export function fitRows(text: string, rows: number | undefined, columns: number | undefined): string {
  const lines = text.split('\n');
  // One row is kept for the cursor, which stands below the text.
  const room = Math.max(1, (rows ?? Number.POSITIVE_INFINITY) - 1);
  if (lines.length <= room) return text;
  const left = lines.length - (room - 1);
  const note = [`… ${left} more lines in a higher terminal`, `… ${left} more`, '…'].find(
    ({ length }) => length <= (columns ?? Number.POSITIVE_INFINITY),
  );
  const kept = lines.slice(0, room - 1);
  return room === 1 || note === undefined
    ? lines.slice(0, room).join('\n')
    : [...kept, style('dim', note)].join('\n');
}

function foldLine(line: string, columns: number): string {
  const lines: string[] = [];
  for (const word of line.split(' ').flatMap((each) => piecesOf(each, columns))) {
    const last = lines.at(-1);
    if (last !== undefined && width(last) + 1 + width(word) <= columns)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((part) => part.trimEnd()).join('\n');
}

/** A word, cut where it is wider than a line; what is cut loses its style. */
function piecesOf(word: string, columns: number): string[] {
  if (width(word) <= columns) return [word];
  const plain = stripVTControlCharacters(word);
  const count = Math.ceil(plain.length / columns);
  return Array.from({ length: count }, (_, i) => plain.slice(i * columns, (i + 1) * columns));
}
