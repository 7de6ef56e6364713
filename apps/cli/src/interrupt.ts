const signals = ['SIGINT', 'SIGTERM'] as const;

/** One Ctrl-C arrives more than once: from the terminal, and from each of npm and set-up that passes it on. */
const SAME_INTERRUPT_MS = 500;

/** Ctrl-C and SIGTERM while a run goes on: the first asks for a clean end, the second does not wait for it. */
export class Interrupt {
  readonly #ending = new AbortController();
  readonly #killed = new AbortController();
  readonly #onFirst: () => void;
  #began = 0;
  readonly #handle = (): void => {
    if (this.#ending.signal.aborted) {
      if (performance.now() - this.#began < SAME_INTERRUPT_MS) return;
      this.#killed.abort();
      process.exit(1);
    }
    this.#began = performance.now();
    this.#ending.abort();
    this.#onFirst();
  };

  constructor(onFirst: () => void) {
    this.#onFirst = onFirst;
    for (const signal of signals) process.on(signal, this.#handle);
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
    for (const signal of signals) process.off(signal, this.#handle);
  }
}
