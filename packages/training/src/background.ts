/**
 * Work that must not hold up training (publishing, checkpoints, evaluation requests): at most one of a name
 * at a time. What fails is kept and thrown to the loop by `check`.
 */
export class Background {
  readonly #running = new Map<string, Promise<void>>();
  #failure: unknown = null;

  busy(name: string): boolean {
    return this.#running.has(name);
  }

  start(name: string, task: () => Promise<void>): void {
    const running = task()
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => this.#running.delete(name));
    this.#running.set(name, running);
  }

  /** Waits for the task of this name, if it runs. `check` throws what it throws. */
  async finished(name: string): Promise<void> {
    await this.#running.get(name);
  }

  /** @throws the first failure since the last call. */
  check(): void {
    if (this.#failure === null) return;
    const failure = this.#failure;
    this.#failure = null;
    throw failure;
  }

  /** Waits for everything that runs. */
  async settle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values());
    this.check();
  }
}
