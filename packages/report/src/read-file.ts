import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { RunDirectoryError } from './errors.ts';

/** Bytes of the largest file that is read as text. */
const LARGEST = 2 ** 29;

/**
 * The text of a file of a run. A device or a pipe, which may have no end, is refused; none is waited for.
 *
 * @throws RunDirectoryError where it is no file, or a too large one; what Node throws where it can't be opened.
 */
export function readTextFile(path: string): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(file);
    if (!stat.isFile())
      throw new RunDirectoryError(`${path} is a folder, a device or a pipe, and no file: remove it.`);
    if (stat.size > LARGEST) {
      throw new RunDirectoryError(
        `${path} has ${stat.size} bytes, and ${LARGEST} are read at most: remove it.`,
      );
    }
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}
