/** How this command line was started: set-up says so, since `qfleet` itself is not on everybody's PATH. */
const STARTED_AS = process.env['QFLEET_COMMAND'] || 'qfleet';

/** A command that a shell takes as it stands: started as this one was, with what needs it quoted. */
export const suggest = (...args: readonly string[]): string => [STARTED_AS, ...args.map(quoted)].join(' ');

/** Variables as a shell takes them before a command. */
export const assignments = (variables: Readonly<Record<string, string>>): string =>
  Object.entries(variables)
    .map(([name, value]) => `${name}=${quoted(value)}`)
    .join(' ');

function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
