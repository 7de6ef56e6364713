import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { backoff } from '../backoff.ts';
import { FleetConfigurationError, FleetError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { exitCodes } from './exit-codes.ts';
import { hearLastWords, hearWarnings, type LastWords, lastSentenceIn } from './last-words.ts';

/** A process that a supervisor keeps running. */
export interface ChildSpec {
  /** Unique, and the process's QFLEET_PROCESS_ID: `actor-0`, `learner-0`, … */
  readonly name: string;
  /** The app's main file. */
  readonly main: string;
  /** Added to this process's environment. */
  readonly env: Readonly<Record<string, string>>;
}

export interface SupervisorOptions {
  /** `<name>.log` of each child comes here, appended to over restarts. */
  readonly logDirectory: string;
  readonly log: Logger;
  /** Seconds from SIGTERM to SIGKILL. */
  readonly graceSeconds?: number;
}

export interface ChildStatus {
  readonly name: string;
  /** Null between a death and the restart, and after a clean end. */
  readonly pid: number | null;
  readonly restarts: number;
}

interface Child {
  readonly spec: ChildSpec;
  process: ChildProcess | null;
  restarts: number;
  /** Ends of its own with an error, soon after the start, one after the other. */
  failedStarts: number;
  /** Ends because it was told to stop, soon after the start, one after the other. */
  earlyStops: number;
  readonly stop: AbortController;
  done: Promise<void>;
}

/** How a life of a child ended. */
interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not be started at all; null: it could. */
  readonly error: string | null;
  /** What it said itself; null: nothing. */
  readonly words: LastWords | null;
  /** What it said itself, else what its log says; null: nothing. */
  readonly sentence: string | null;
}

const GRACE_SECONDS = 10;
/** A child that lived this long had started. */
const STARTED_MS = 10_000;
const FAILED_STARTS = 5;
/** How often in a row what was told to stop is started again at once. */
const EARLY_STOPS = 3;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Runs a local fleet's processes. What dies is started again after a growing, jittered pause, and at once where
 * somebody else told it to stop. What ends with code 0 stays down, since its run is over. Children have process groups
 * of their own (Ctrl-C is the supervisor's to handle) and a channel to this process; they drain and exit when it
 * closes, so they do not outlive this process.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #children = new Map<string, Child>();
  readonly #failure = new AbortController();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    mkdirSync(options.logDirectory, { recursive: true });
  }

  /**
   * Aborted, with a FleetError as its reason, when a child is not started again: it refused its configuration (exit
   * code 2), said that it would end in the same way, or failed time and again. The reason carries what it said.
   */
  get failed(): AbortSignal {
    return this.#failure.signal;
  }

  start(spec: ChildSpec): void {
    if (this.#children.has(spec.name)) throw new FleetError(`${spec.name} runs already.`);
    const child: Child = {
      spec,
      process: null,
      restarts: 0,
      failedStarts: 0,
      earlyStops: 0,
      stop: new AbortController(),
      done: Promise.resolve(),
    };
    this.#children.set(spec.name, child);
    child.done = this.#keep(child);
  }

  status(): ChildStatus[] {
    return [...this.#children.values()].map(({ spec, process, restarts }) => ({
      name: spec.name,
      pid: process?.pid ?? null,
      restarts,
    }));
  }

  /** Ends one child (SIGTERM; SIGKILL after the grace period) and forgets it. */
  async remove(name: string): Promise<void> {
    const child = this.#children.get(name);
    if (!child) return;
    child.stop.abort();
    const ended = new AbortController();
    child.process?.kill('SIGTERM');
    const killer = sleep((this.#options.graceSeconds ?? GRACE_SECONDS) * 1000, undefined, {
      signal: ended.signal,
    }).then(
      () => {
        this.#options.log.warn(`${name} did not end in time: killed.`);
        child.process?.kill('SIGKILL');
      },
      () => undefined,
    );
    await child.done;
    ended.abort();
    await killer;
    this.#children.delete(name);
  }

  /** Ends all children. */
  async stop(): Promise<void> {
    await Promise.all([...this.#children.keys()].map((name) => this.remove(name)));
  }

  /** Starts the child until it ends cleanly, is removed, or cannot start. */
  async #keep(child: Child): Promise<void> {
    const { log } = this.#options;
    const { name } = child.spec;
    for (;;) {
      const startedAt = performance.now();
      const { code, signal, error, words, sentence } = await this.#runOnce(child);
      if (child.stop.signal.aborted) return;
      if (code === exitCodes.done) {
        log.debug(`${name} ended.`);
        return;
      }
      const told = code === exitCodes.stopped;
      const how =
        error ?? (told ? 'was told to stop' : signal ? `was ended by ${signal}` : `ended with code ${code}`);
      if (code === exitCodes.refused || words?.isFinal) {
        const Kind = code === exitCodes.refused ? FleetConfigurationError : FleetError;
        this.#failure.abort(new Kind(sentence ?? `${name} ${how}.`));
        return;
      }
      const started = performance.now() - startedAt >= STARTED_MS;
      child.earlyStops = told && !started ? child.earlyStops + 1 : 0;
      child.failedStarts = started || signal || told ? 0 : child.failedStarts + 1;
      if (child.failedStarts >= FAILED_STARTS) {
        this.#failure.abort(
          new FleetError(
            `${name} cannot start (${how}, ${FAILED_STARTS} times): ${sentence ?? 'it said nothing'}`,
          ),
        );
        return;
      }
      child.restarts++;
      log.warn(`${name} ${how}: starting it again.`);
      await sleep(pauseFor(child, told), undefined, { signal: child.stop.signal }).catch(() => undefined);
      if (child.stop.signal.aborted) return;
    }
  }

  async #runOnce(child: Child): Promise<Ending> {
    const { name, main, env } = child.spec;
    const file = openSync(this.#logFile(name), 'a');
    const logged = fstatSync(file).size;
    const running = spawn(process.execPath, [main], {
      env: { ...process.env, ...env, QFLEET_PROCESS_ID: name },
      // Logs go straight to the file: they need no help from this process, and survive it.
      stdio: ['ignore', file, file, 'ipc'],
      detached: true,
    });
    closeSync(file);
    child.process = running;
    const lastWords = hearLastWords(running);
    hearWarnings(running, (warning) => this.#options.log.warn(`${name}: ${warning}`));
    const ending = await new Promise<Pick<Ending, 'code' | 'signal' | 'error'>>((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null, error: string | null): void => {
        child.process = null;
        resolve({ code, signal, error });
      };
      running.once('exit', (code, signal) => end(code, signal, null));
      running.once('error', (error) => end(null, null, `could not be started (${error.message})`));
    });
    const words = await lastWords();
    return { ...ending, words, sentence: words?.sentence ?? lastSentenceIn(this.#logFile(name), logged) };
  }

  #logFile(name: string): string {
    return join(this.#options.logDirectory, `${name}.log`);
  }
}

/** Milliseconds before a child is started again. */
function pauseFor({ failedStarts, earlyStops }: Child, told: boolean): number {
  if (told && earlyStops <= EARLY_STOPS) return 0;
  return backoff(Math.max(failedStarts, earlyStops - EARLY_STOPS, 1), FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
}
