import { closeSync, openSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { WatchRequest } from './watchdog-thread.ts';
import { WatchedPlace } from './watched-place.ts';

/** A thread that was found standing still. */
export interface Stall {
  /** What the watch was given to say, filled in. */
  readonly sentence: string;
  readonly slot: number;
  readonly episode: number;
  readonly step: number;
  /** The frames of what does not return, one a line, innermost first; empty where the event loop is not held up. */
  readonly stack: string;
}

export interface WatchdogOptions {
  /** Milliseconds that may pass between `at` and the next call. */
  readonly stallMs: number;
  /** Said once that has passed; `{slot}`, `{episode}`, `{step}` and `{seconds}` are filled in. */
  readonly sentence: string;
  /**
   * Called then in this thread, in the midst of what does not return: it can look and write, but what it schedules may
   * never run. The default writes the sentence to stderr and ends the process with code 1. Where code of another language
   * holds the thread up, this cannot be called: then the sentence is written, and the process ended by SIGKILL.
   */
  readonly onStall?: (stall: Stall) => void;
  /** Whether that SIGKILL comes; default: yes. */
  readonly endsUnheard?: boolean;
}

/** Milliseconds in which a thread that is held up by JavaScript hears of it. */
const HEARING_MS = 2_000;

type Told = (sentence: string, moves: number) => void;
/** How the watching thread calls into this one: what the inspector evaluates knows only what is global. */
const calls = new Map<number, Told>();
(globalThis as Record<symbol, unknown>)[Symbol.for('qfleet.watchdog')] = calls;

/** One thread watches for the whole process. */
let thread: Worker | null = null;
let last = 0;

function watchingThread(): Worker {
  if (thread !== null) return thread;
  const file = import.meta.url.endsWith('.ts') ? './watchdog-thread.ts' : './watchdog-thread.js';
  // Without the flags of this process: a debugger's or a loader's are not for it.
  thread = new Worker(new URL(file, import.meta.url), { execArgv: [], name: 'watchdog' });
  // Without it nothing is watched, which is no reason to end.
  thread.once('error', () => {
    thread = null;
  });
  thread.unref();
  return thread;
}

/**
 * Notices that this thread stays at one place for too long: in a loop without end, in a call that does not return, or
 * waiting for a promise that is never settled. Time in which the whole process stood still does not count.
 */
export class Watchdog {
  readonly #place = new WatchedPlace();
  readonly #id = ++last;

  private constructor({ stallMs, sentence, onStall = endProcess, endsUnheard = true }: WatchdogOptions) {
    calls.set(this.#id, (told, movesThen) => {
      const stack = framesBelow(new Error().stack ?? '');
      this.#place.hear(HEARING_MS);
      const { slot, episode, step, moves } = this.#place;
      // It has moved on at the last moment.
      if (moves !== movesThen) return;
      onStall({ sentence: told, slot, episode, step, stack });
    });
    const { memory } = this.#place;
    watchingThread().postMessage({
      kind: 'watch',
      id: this.#id,
      memory,
      stallMs,
      sentence,
      endsUnheard,
    } satisfies WatchRequest);
  }

  /** Watches nothing until `at` is called. */
  static start(options: WatchdogOptions): Watchdog {
    return new Watchdog(options);
  }

  /** This thread is at a place now, for no longer than it may. Costs a few stores: no allocation, no clock. */
  at(slot: number, episode: number, step: number): void {
    this.#place.enter(slot, episode, step);
  }

  /** It is out again: nothing is watched until the next `at`. */
  left(): void {
    this.#place.leave();
  }

  stop(): void {
    this.left();
    calls.delete(this.#id);
    thread?.postMessage({ kind: 'leave', id: this.#id } satisfies WatchRequest);
  }
}

/** From now on this process is killed once it has had another parent than `parent` for `graceMs` milliseconds. */
export function killWithoutParent(parent: number, graceMs: number): void {
  watchingThread().postMessage({ kind: 'parent', parent, graceMs } satisfies WatchRequest);
}

/** Without the first line, and without the frames of this file and of what the other thread evaluated. */
function framesBelow(stack: string): string {
  const [, ...frames] = stack.split('\n');
  return frames
    .filter((frame) => !/\/watchdog\/(src|dist)\/watchdog\.[jt]s:|<anonymous>:1:/.test(frame))
    .join('\n');
}

/** Ends the process with exit code 1 and this sentence on stderr: for an `onStall`, where nothing else may run. */
export function endProcess({ sentence }: Pick<Stall, 'sentence'>): never {
  process.stderr.write(`${sentence}\n`);
  // Node would add that it waits for a debugger, as which the watching thread called.
  closeSync(2);
  openSync('/dev/null', 'w');
  process.exit(1);
}
