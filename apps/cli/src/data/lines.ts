import { createReadStream } from 'node:fs';
import { UsageError } from '../errors.ts';

const NEWLINE = 0x0a;
/** The most bytes of a line. */
const MOST_LINE = 64 << 20;

/** A line of a file, counted from 1. */
export interface Line {
  readonly number: number;
  readonly text: string;
}

/**
 * The lines of a UTF-8 file that are not blank. One of them is in memory at a time.
 *
 * @throws UsageError where the file can't be read, or a line is too long or not UTF-8.
 */
export async function* linesOf(file: string): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let number = 0;
  let rest: Buffer[] = [];
  let length = 0;
  const take = (): Line => {
    const bytes = Buffer.concat(rest);
    rest = [];
    length = 0;
    number++;
    try {
      return { number, text: decoder.decode(bytes).trim() };
    } catch (cause) {
      throw new UsageError(`${file}, line ${number}: it is not UTF-8.`, { cause });
    }
  };
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      let from = 0;
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
        rest.push(chunk.subarray(from, at));
        from = at + 1;
        const line = take();
        if (line.text !== '') yield line;
      }
      rest.push(chunk.subarray(from));
      length += chunk.length - from;
      if (length > MOST_LINE) {
        throw new UsageError(
          `${file}, line ${number + 1}: it is longer than ${MOST_LINE >> 20} MiB: write one episode a line.`,
        );
      }
    }
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    throw syscall === undefined
      ? error
      : new UsageError(`${file} can't be read (${code}).`, { cause: error });
  }
  const last = take();
  if (last.text !== '') yield last;
}
