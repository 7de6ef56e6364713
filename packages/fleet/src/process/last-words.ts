import type { ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Why a process of a fleet ends: what it tells its supervisor. */
export interface LastWords {
  /** One sentence for the user. */
  readonly sentence: string;
  /** Whether the process would end in the same way if it were started again. */
  readonly isFinal: boolean;
}

/** Bytes of a log's end that are read. */
const TAIL_BYTES = 64 * 1024;
const LONGEST_SENTENCE = 2_000;
/** The last line of a log in which Node printed why it crashed. */
const CRASHED = /^(Node\.js v|\s*\d+: 0x|\s+at )/;
/** The first line of what it printed there. */
const ERROR = /^(\[?[A-Z]\w*(Error|Exception|Rejection)\b.*: |Uncaught |FATAL ERROR: )/;
/** The line after it. */
const AFTER_ERROR = /^(\s+at |-{3,}|Node\.js v|\s*\d+: 0x|\(Use `node |\s*$)/;
/** How long the last words of a process that has ended are waited for. */
const CHANNEL_MS = 1_000;

/** Tells this process's supervisor, if it has one, why it ends; resolves once that is handed over. */
export async function sayLastWords(words: LastWords): Promise<void> {
  if (!process.connected) return;
  await new Promise<void>((resolve) => {
    process.send?.({ lastWords: words }, undefined, undefined, () => resolve());
  });
}

/** Tells this process's supervisor, if it has one, what its user should know at once, also in the midst of a stall. */
export function tellSupervisor(warning: string): void {
  if (process.connected) process.send?.({ warning });
}

/** Listens to what a child tells its user while it runs. */
export function hearWarnings(child: ChildProcess, told: (warning: string) => void): void {
  child.on('message', (message: unknown) => {
    const warning = (message as { warning?: unknown } | null)?.warning;
    if (typeof warning === 'string') told(oneLine(warning));
  });
}

/** Listens to what a child says at its end; ask for it once the child has exited. Null: it said nothing. */
export function hearLastWords(child: ChildProcess): () => Promise<LastWords | null> {
  let heard: LastWords | null = null;
  child.on('message', (message: unknown) => {
    const words = (message as { lastWords?: Partial<LastWords> } | null)?.lastWords;
    if (typeof words?.sentence !== 'string') return;
    heard = { sentence: oneLine(words.sentence), isFinal: words.isFinal === true };
  });
  const closed = new Promise<void>((resolve) => void child.once('disconnect', resolve));
  return async () => {
    // The news of its end may come before what it said.
    if (child.connected) await Promise.race([closed, sleep(CHANNEL_MS, undefined, { ref: false })]);
    return heard;
  };
}

/**
 * What a log says of the end of a process that could not say it itself: the error that Node printed where it crashed,
 * else the last line that is a sentence (for a structured line, its message). Null: nothing of the kind.
 *
 * @param from where this life of the process began, in bytes.
 */
export function lastSentenceIn(file: string, from = 0): string | null {
  const lines = tailOf(file, from).trimEnd().split('\n');
  if (CRASHED.test(lines.at(-1) ?? '')) {
    const error = lines.findLastIndex((line) => ERROR.test(line));
    const end = lines.findIndex((line, i) => i > error && AFTER_ERROR.test(line));
    if (error >= 0) return oneLine(lines.slice(error, end).join('\n'));
  }
  const sentence = lines.findLast((line) => /\p{L}.*\p{L}/u.test(line) && !CRASHED.test(line));
  return sentence === undefined ? null : oneLine(messageIn(sentence));
}

/** A text as one line; of several lines the breaks become spaces. */
export const oneLine = (text: string): string =>
  text
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ')
    .slice(0, LONGEST_SENTENCE);

function tailOf(path: string, from: number): string {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const start = Math.max(from, size - TAIL_BYTES, 0);
    const bytes = Buffer.alloc(Math.max(0, size - start));
    return bytes.toString('utf8', 0, readSync(file, bytes, 0, bytes.length, start));
  } finally {
    closeSync(file);
  }
}

function messageIn(line: string): string {
  try {
    const { msg } = JSON.parse(line) as { msg?: unknown };
    return typeof msg === 'string' ? msg : line;
  } catch {
    return line;
  }
}
