import { shellWord } from './shell-word.ts';
import { startedAs } from './started-as.ts';

const STARTED_AS = startedAs(process.env, process.argv[1], process.cwd());

/** A command that a shell takes as it stands: started as this one was, with what needs it quoted. */
export const suggest = (...args: readonly string[]): string => [STARTED_AS, ...args.map(shellWord)].join(' ');

/** Variables as a shell takes them before a command. */
export const assignments = (variables: Readonly<Record<string, string>>): string =>
  Object.entries(variables)
    .map(([name, value]) => `${name}=${shellWord(value)}`)
    .join(' ');
