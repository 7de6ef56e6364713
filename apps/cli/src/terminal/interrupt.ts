import { endWithParent } from '@qfleet/watchdog';
import { isApart, tellParent } from '../apart/channel.ts';
import { startedByNohup } from './nohup.ts';

/** What asks a command to end: Ctrl-C, a service manager, the loss of its terminal. */
export const interruptSignals: readonly NodeJS.Signals[] = [
  'SIGINT',
  'SIGTERM',
  ...(startedByNohup() ? [] : ['SIGHUP' as const]),
];

/** How long a command may take to end in order once its parent has ended: its fleet drains, role by role. */
export const PARENTLESS_MS = 120_000;

/** One Ctrl-C arrives more than once: from the terminal, and from each of npm and set-up that passes it on. */
export const SAME_INTERRUPT_MS = 500;

/**
 * Ctrl-C, SIGTERM and SIGHUP while a run goes on: the first asks for a clean end, the second does not wait for it. A
 * terminal that closes may send SIGHUP several times, which counts once; under nohup it is ignored. The end of a parent
 * that shares a channel with this process asks for a clean end, too.
 */
export class Interrupt {
  readonly #ending = new AbortController();
  readonly #killed = new AbortController();
  readonly #onFirst: () => void;
  #began = 0;
  readonly #handle = (name: NodeJS.Signals): void => {
    if (isApart) tellParent({ heard: true });
    if (this.#ending.signal.aborted) {
      if (name === 'SIGHUP' || performance.now() - this.#began < SAME_INTERRUPT_MS) return;
      this.#killed.abort();
      process.exit(1);
    }
    this.#began = performance.now();
    this.#ending.abort();
    this.#onFirst();
  };

  constructor(onFirst: () => void) {
    this.#onFirst = onFirst;
    for (const signal of interruptSignals) process.on(signal, this.#handle);
    // Apart, the parent's end is the whole process's.
    if (!isApart) endWithParent(() => this.#handle('SIGTERM'), PARENTLESS_MS);
  }

  /** Aborted by the first signal. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** Aborted by the second; this process ends when its listeners have run. */
  get killed(): AbortSignal {
    return this.#killed.signal;
  }

  stop(): void {
    for (const signal of interruptSignals) process.off(signal, this.#handle);
  }
}
