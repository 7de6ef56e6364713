import { appendFileSync, closeSync, existsSync, openSync, readFileSync, truncateSync } from 'node:fs';
import { RunDirectoryError } from './errors.ts';
import { type MetricsRow, metricsRowSchema } from './records.ts';

/** Rows of JSON, a line each. A crash may cut the last line: it is passed over, and cleared before the next append. */
export class MetricsFile {
  readonly #path: string;
  #isWhole = false;

  constructor(path: string) {
    this.#path = path;
  }

  append(row: MetricsRow): void {
    if (!this.#isWhole) this.#cutTail();
    appendFileSync(this.#path, `${JSON.stringify(metricsRowSchema.parse(row))}\n`);
  }

  /** @throws RunDirectoryError that names the line which is no row. */
  read(): MetricsRow[] {
    if (!existsSync(this.#path)) return [];
    return readFileSync(this.#path, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line, index) => this.#parse(line, index + 1));
  }

  #parse(line: string, number: number): MetricsRow {
    try {
      return metricsRowSchema.parse(JSON.parse(line));
    } catch {
      throw new RunDirectoryError(`${this.#path}:${number} is no row of metrics: mend or delete that line.`);
    }
  }

  #cutTail(): void {
    closeSync(openSync(this.#path, 'a'));
    const content = readFileSync(this.#path);
    const end = content.lastIndexOf(0x0a) + 1;
    if (end < content.length) truncateSync(this.#path, end);
    this.#isWhole = true;
  }
}
