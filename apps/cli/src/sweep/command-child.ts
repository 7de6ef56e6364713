import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';

/** How a command that was run as a process ended. */
export interface ChildEnd {
  readonly code: number | null;
  /** Its one document; null: it printed none. */
  readonly document: Readonly<Record<string, unknown>> | null;
  /** What it said last of what was wrong, else how it ended: a sentence. */
  readonly why: string;
}

export interface ChildOptions {
  /** A file that gets what it says on stderr. */
  readonly log: string;
  /** Aborted: it is told to end in order. */
  readonly signal: AbortSignal;
  /** Aborted: it is killed. */
  readonly killed: AbortSignal;
}

/**
 * Runs a command of this program, which takes `--json`, in a process of its own. It ends in order when this one is killed.
 */
export async function runChild(
  args: readonly string[],
  { log, signal, killed }: ChildOptions,
): Promise<ChildEnd> {
  const file = openSync(log, 'a');
  const before = fstatSync(file).size;
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1], ...args, '--json'], {
    // The channel carries nothing: when it closes, the child knows that this process has ended.
    stdio: ['ignore', 'pipe', file, 'ipc'],
    // A group of its own: Ctrl-C in a terminal is this process's to handle.
    detached: true,
  });
  closeSync(file);
  let printed = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  const end = (): void => void child.kill('SIGTERM');
  const kill = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', end);
  killed.addEventListener('abort', kill);
  if (signal.aborted) end();
  try {
    const [code, by] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, by) => resolve([code, by]));
    });
    const how = by === null ? `ended with exit code ${code}` : `was ended by ${by}`;
    return { code, document: documentIn(printed), why: errorIn(log, before) ?? `Its process ${how}.` };
  } finally {
    signal.removeEventListener('abort', end);
    killed.removeEventListener('abort', kill);
  }
}

function documentIn(text: string): ChildEnd['document'] {
  try {
    return JSON.parse(text) as ChildEnd['document'];
  } catch {
    return null;
  }
}

/** The last error that a log tells of from `start` on, in bytes. */
function errorIn(log: string, start: number): string | null {
  const said = readFileSync(log).subarray(start).toString();
  return (
    said
      .match(/^error: .+$/gm)
      ?.at(-1)
      ?.slice('error: '.length) ?? null
  );
}
