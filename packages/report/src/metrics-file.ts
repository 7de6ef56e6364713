import { appendFileSync, existsSync } from 'node:fs';
import { writeFileAtomically } from './atomic-write.ts';
import { readTextFile } from './read-file.ts';
import { type MetricsRow, metricsRowSchema } from './records.ts';
import { writing } from './storage-error.ts';

/** How each row begins. */
const ROW_START = '{"time":';

/**
 * Rows of JSON, a line each. A crash or a full disk may cut a line at any byte, and the next row may stand right behind it:
 * what is no row is passed over, and cleared before the next append.
 */
export class MetricsFile {
  readonly #path: string;
  #isWhole = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws StorageError where the operating system refuses it: the row is not there then. */
  append(row: MetricsRow): void {
    if (!this.#isWhole) this.mend();
    const line = `${JSON.stringify(metricsRowSchema.parse(row))}\n`;
    // Where this throws, a part of the line may be there.
    this.#isWhole = false;
    writing(this.#path, () => appendFileSync(this.#path, line));
    this.#isWhole = true;
  }

  read(): MetricsRow[] {
    return this.#lines().flatMap((line) => parseRow(line)?.row ?? []);
  }

  /**
   * Clears what is no row. Only the holder of the run's lock may call it.
   * @returns how many lines were not whole.
   */
  mend(): number {
    const lines = this.#lines();
    const rows = lines.map(parseRow);
    const damaged = rows.filter((parsed, i) => parsed?.text !== lines[i]).length;
    const text = rows.map((parsed) => (parsed === null ? '' : `${parsed.text}\n`)).join('');
    if (lines.length > 0 && text !== readTextFile(this.#path)) writeFileAtomically(this.#path, text);
    this.#isWhole = true;
    return damaged;
  }

  /**
   * Removes the rows of later updates, which are to be trained again. Only for who holds the run's lock.
   * @throws StorageError where the operating system refuses it.
   */
  keepUpTo(updates: number): void {
    const rows = this.read();
    const kept = rows.filter((row) => row.updates <= updates);
    if (kept.length === rows.length) return;
    const text = kept.map((row) => `${JSON.stringify(row)}\n`).join('');
    writing(this.#path, () => writeFileAtomically(this.#path, text));
    this.#isWhole = true;
  }

  #lines(): string[] {
    if (!existsSync(this.#path)) return [];
    const lines = readTextFile(this.#path).split('\n');
    // Behind the last line's end is nothing.
    if (lines.at(-1) === '') lines.pop();
    return lines;
  }
}

/** The row of a line, or the whole one that ends it, and its text; null: there is none. */
function parseRow(line: string): { readonly row: MetricsRow; readonly text: string } | null {
  for (const start of new Set([0, line.lastIndexOf(ROW_START)])) {
    if (start < 0) continue;
    const text = line.slice(start);
    try {
      return { row: metricsRowSchema.parse(JSON.parse(text)), text };
    } catch {
      // Cut short.
    }
  }
  return null;
}
