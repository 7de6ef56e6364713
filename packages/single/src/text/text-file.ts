import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { TextError } from './text-error.ts';

/** Bytes of the longest text: Node holds no longer one in a string. */
const LARGEST = 2 ** 29 - 1;

/** The share of a text that is learned from; the rest, its end, is held out. */
const TRAINING = 0.9;

/** A text in two parts. */
export interface SplitText {
  readonly training: string;
  readonly heldOut: string;
  /** The SHA-256 of the file, in hexadecimal digits. */
  readonly hash: string;
}

/**
 * Reads a text and holds out its last tenth.
 *
 * @throws TextError where the file is missing, empty, too long, or not UTF-8.
 */
export function readText(path: string): SplitText {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new TextError(`There is no file ${path}: name a text file with --data.`);
  if (!stat.isFile()) throw new TextError(`${path} is no regular file: name a text file with --data.`);
  if (stat.size > LARGEST)
    throw new TextError(`${path} has ${stat.size} bytes, and ${LARGEST} are read at most: cut it.`);
  const bytes = readFileSync(path);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new TextError(`${path} is not UTF-8: convert it, as with iconv -t UTF-8.`, { cause });
  }
  if (text.trim() === '') throw new TextError(`${path} has no text: there is nothing to learn.`);
  let cut = Math.floor(text.length * TRAINING);
  // Not between the two halves of a character.
  if (/[\udc00-\udfff]/.test(text[cut] ?? '')) cut--;
  const hash = createHash('sha256').update(bytes).digest('hex');
  return { training: text.slice(0, cut), heldOut: text.slice(cut), hash };
}
