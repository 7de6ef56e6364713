import { inspect } from 'node:util';

/** The command line, a file or an address is not what it must be: exit code 2. The message is one sentence. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What was asked for could not be done: exit code 1. The message is one sentence. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

export const exitCodes = { done: 0, failed: 1, usage: 2 } as const;

/**
 * Errors of other packages that the user mends by asking for something else, beside those that say so themselves
 * (`exitCode`). They are known by name: `instanceof` would load every package at the start of every command.
 */
const usageErrors: ReadonlySet<string> = new Set([
  'UsageError',
  'EnvironmentDefinitionError',
  'FleetConfigurationError',
  'TensorRuntimeError',
]);

/** How an error ends the command: its exit code, and a line for each problem (with `debug` its stack instead, and those of its causes). */
export function describeError(
  error: unknown,
  debug: boolean,
): { exitCode: number; lines: readonly string[] } {
  const named = error instanceof Error ? error : new Error(String(error));
  const { exitCode = usageErrors.has(named.name) ? exitCodes.usage : exitCodes.failed, problems } =
    named as Error & { exitCode?: number; problems?: readonly string[] };
  if (debug) return { exitCode, lines: [inspect(named)] };
  // One problem is one line, also where its text came from elsewhere in several.
  const lines = (problems ?? [sentenceOf(named)]).map((problem) =>
    problem.trim().replaceAll(/\s*\n\s*/g, ' '),
  );
  return { exitCode, lines };
}

/** An error's message; of what the operating system refused, the path first and then why. */
function sentenceOf(error: Error): string {
  const { code, syscall, path } = error as NodeJS.ErrnoException;
  const why = error.message.match(/^[A-Z0-9]+: ([^,]+),/)?.[1];
  if (code === undefined || syscall === undefined || why === undefined) return error.message;
  return `${path ?? 'A file'} can't be used: ${why} (${code}).`;
}
