import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { endWithParent } from '@qfleet/watchdog';
import { CommandError, exitCodes } from '../errors.ts';
import { interruptSignals, PARENTLESS_MS, SAME_INTERRUPT_MS } from '../terminal/interrupt.ts';
import { print, printJson } from '../terminal/output.ts';
import { type ApartNews, apartEnvironment } from './channel.ts';

/** How long a process may take to hear a signal, and to end after a second one. */
const HEARING_MS = 10_000;
const ENDING_MS = 1_000;

/**
 * Runs this command line in a process of its own, since a user's code runs in it. Whatever that code does, this process
 * stays: it ends the other when told to, and says how it ended. With `json`, everything that the other and its children
 * write to stdout goes to stderr; the document comes another way.
 *
 * @returns the exit code.
 * @throws CommandError where the process ended before the command was done.
 */
export async function runApart(json: boolean): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    env: { ...process.env, ...apartEnvironment },
    // The last one carries nothing: when it closes, the child knows that this process has ended.
    stdio: ['inherit', json ? 2 : 'inherit', 'inherit', 'pipe', 'ipc'],
  });
  const guard = new Guard(child);
  try {
    const told = listen(child, guard);
    const { code, signal } = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>(
      (resolve, reject) => {
        child.once('error', reject);
        child.once('exit', (code, signal) => resolve({ code, signal }));
      },
    );
    const { document, exitCode } = await told;
    if (document !== undefined) await print(document);
    if (exitCode !== undefined) return exitCode;
    // The child has said why, as with a second Ctrl-C it does not wait for anything.
    if (document !== undefined) return code ?? exitCodes.failed;
    if (guard.first !== null && (signal !== null || code === exitCodes.failed)) {
      return await interrupted(guard.first, signal, json);
    }
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
    throw new CommandError(
      `The command ended ${how} before it was done: the environment's code, or something from outside, ended its process.`,
    );
  } finally {
    guard.stop();
  }
}

/** Collects what the child tells until its channel ends. */
async function listen(child: ChildProcess, guard: Guard): Promise<{ document?: string; exitCode?: number }> {
  const told: { document?: string; exitCode?: number } = {};
  for await (const line of createInterface(child.stdio[3] as Readable)) {
    const news = JSON.parse(line) as ApartNews;
    if ('heard' in news) guard.heard();
    else Object.assign(told, news);
  }
  return told;
}

/** Ends as the child did: by the same signal, where it did not catch it. */
async function interrupted(
  first: NodeJS.Signals,
  signal: NodeJS.Signals | null,
  json: boolean,
): Promise<number> {
  if (json) await printJson({ error: `Ended by ${first} before it was done.` });
  if (signal === null || signal === 'SIGKILL') return exitCodes.failed;
  for (const each of interruptSignals) process.removeAllListeners(each);
  process.kill(process.pid, signal);
  return exitCodes.failed;
}

/** Passes signals on, and the end of this process's own parent as one, and ends a child by force that does not hear the first or does not end at the second. */
class Guard {
  /** The first signal; null: none came. */
  first: NodeJS.Signals | null = null;
  readonly #child: ChildProcess;
  #firstAt = 0;
  #killer: NodeJS.Timeout | undefined;
  readonly #handle = (signal: NodeJS.Signals): void => {
    if (this.first === null) {
      this.first = signal;
      this.#firstAt = performance.now();
      this.#killAfter(HEARING_MS);
    } else if (signal !== 'SIGHUP' && performance.now() - this.#firstAt >= SAME_INTERRUPT_MS) {
      this.#killAfter(ENDING_MS);
    }
    this.#child.kill(signal);
  };

  constructor(child: ChildProcess) {
    this.#child = child;
    for (const signal of interruptSignals) process.on(signal, this.#handle);
    endWithParent(() => this.#handle('SIGTERM'), PARENTLESS_MS);
  }

  /** The child has heard the first signal: it ends in its own time. */
  heard(): void {
    if (performance.now() - this.#firstAt < HEARING_MS) clearTimeout(this.#killer);
  }

  stop(): void {
    clearTimeout(this.#killer);
    for (const signal of interruptSignals) process.off(signal, this.#handle);
  }

  #killAfter(milliseconds: number): void {
    clearTimeout(this.#killer);
    this.#killer = setTimeout(() => {
      process.stderr.write('The command does not end: its process is killed.\n');
      this.#child.kill('SIGKILL');
    }, milliseconds);
  }
}
