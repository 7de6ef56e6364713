import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setImmediate as immediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** How a contestant is started. */
export interface ContestantCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Left out where it does not start, as a peer that lacks a compiler here. */
  readonly optional?: boolean;
}

/** A program of ours, told `options` as JSON in its one argument. */
export function ownChild(program: URL, options: object): ContestantCommand {
  return { program: process.execPath, args: [fileURLToPath(program), JSON.stringify(options)] };
}

/**
 * A process that measures itself: it writes a line when it is ready, and answers each line `milliseconds` with the
 * microseconds that an operation took over that time. So each contestant has its own threads and settings, and a peer
 * its own language. Between its turns it is stopped: threads such as OpenMP's spin for a while after their work, on a
 * core that the next contestant needs.
 */
export class Contestant {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;
  readonly #answers: AsyncIterator<string>;

  private constructor({ program, args, environment }: ContestantCommand) {
    this.#child = spawn(program, args, {
      env: { ...process.env, ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    // One that is stopped hears nothing of this process's end.
    const watchdog = spawn(
      '/bin/sh',
      ['-c', 'read -r _; kill -KILL "$1"', 'watchdog', String(this.#child.pid)],
      {
        stdio: ['pipe', 'ignore', 'ignore'],
        detached: true,
      },
    );
    watchdog.unref();
    (watchdog.stdin as unknown as { unref(): void }).unref();
    this.#child.once('exit', () => watchdog.kill('SIGKILL'));
    // What fails shows as the end of its output.
    this.#child.on('error', () => {});
    this.#child.stdin.on('error', () => {});
    this.#lines = createInterface({ input: this.#child.stdout });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  /** @throws When the process ends before it is ready; it has then said why on stderr. */
  static async start(command: ContestantCommand): Promise<Contestant> {
    const contestant = new Contestant(command);
    await contestant.#answer(command.program);
    contestant.#child.kill('SIGSTOP');
    return contestant;
  }

  /** Microseconds an operation, measured for about so long. */
  async measure(milliseconds: number): Promise<number> {
    this.#child.kill('SIGCONT');
    this.#child.stdin.write(`${milliseconds}\n`);
    const answer = await this.#answer('a contestant');
    this.#child.kill('SIGSTOP');
    return Number(answer);
  }

  end(): void {
    // Also ends one that is stopped.
    this.#child.kill('SIGKILL');
    this.#lines.close();
  }

  async #answer(who: string): Promise<string> {
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`${who} ended before it had measured anything: see what it wrote above`);
    return value;
  }
}

/** How a contestant measures itself. */
export interface Measuring {
  /** Milliseconds before it is ready: graphs are optimised and functions compiled in the first calls. */
  readonly warmUp?: number;
  /** Milliseconds since some moment: those of the wall by default. */
  readonly clock?: () => number;
}

/** Milliseconds of processor time that this process has used, on all of its threads. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The other side of `Contestant`: answers until its input ends. `operations` is how many a call does. */
export async function answerMeasurements(
  call: () => unknown,
  operations: number,
  { warmUp = 1500, clock = () => performance.now() }: Measuring = {},
): Promise<void> {
  await timeOf(call, warmUp, clock);
  process.stdout.write('ready\n');
  for await (const line of createInterface({ input: process.stdin })) {
    const milliseconds = Number(line);
    // The caches are still those of the contestant before.
    await timeOf(call, milliseconds / 10, clock);
    process.stdout.write(`${(await timeOf(call, milliseconds, clock)) / operations}\n`);
  }
}

/** Milliseconds of calls after which Node gets to its events, as in the loop of an actor. */
const STRETCH = 10;

/** Microseconds a call, of calls for about so long. */
async function timeOf(call: () => unknown, milliseconds: number, clock: () => number): Promise<number> {
  let calls = 0;
  let elapsed = 0;
  while (elapsed < milliseconds) {
    const start = clock();
    let stretch = 0;
    do {
      const called = call();
      if (called instanceof Promise) await called;
      calls++;
      stretch = clock() - start;
    } while (stretch < STRETCH && elapsed + stretch < milliseconds);
    elapsed += stretch;
    await immediate();
  }
  return (elapsed * 1000) / calls;
}
