import { writeSync } from 'node:fs';

/** The file descriptor on which a process that runs apart talks to its parent. */
const CHANNEL = 3;
const VARIABLE = 'QFLEET_APART';

/** Added to the environment of the process that runs apart. */
export const apartEnvironment = { [VARIABLE]: '1' };

/** Whether this process is the one that runs apart, where a user's code may run. Its own children are not. */
export const isApart = process.env[VARIABLE] === '1';
delete process.env[VARIABLE];

/** What it tells its parent, a line of JSON each. */
export type ApartNews =
  /** The one document of `--json`. */
  | { readonly document: string }
  /** A signal arrived: the event loop turns. */
  | { readonly heard: true }
  /** The command is done. */
  | { readonly exitCode: number };

/** Tells the parent at once, even where nothing else will run any more. */
export function tellParent(news: ApartNews): void {
  try {
    writeSync(CHANNEL, `${JSON.stringify(news)}\n`);
  } catch {
    // The parent has ended, and so does this process.
  }
}
