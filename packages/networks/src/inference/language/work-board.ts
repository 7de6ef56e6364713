/** Where things stand on the board, as indices of int32: each on a cache line of its own. */
const TICKET = 0;
const DONE = 16;
const SLEEPERS = 32;
const PIECES = 48;
const ROWS = 64;
const WANTED = 65;
const SEEN = 66;

/** Looks at a number that another thread changes before this one sleeps: some 20 µs. */
const LOOKS = 2_000;

/** Milliseconds that a piece of work may take at most. */
const PATIENCE = 60_000;

/**
 * Where a decoder's thread puts work up in pieces, and threads take them from: whoever has time takes the next, so that one
 * that the machine does not run holds nothing up but the piece that it has. A ticket holds the phase, and how many of its
 * pieces are left.
 */
export class WorkBoard {
  readonly #board: Int32Array;

  /** @param address of 512 bytes of the memory, zeros at first. */
  constructor(memory: WebAssembly.Memory, address: number) {
    this.#board = new Int32Array(memory.buffer, address, 128);
  }

  /** Rows of the pass. */
  get rows(): number {
    return this.#board[ROWS];
  }

  /** Rows of it whose outputs are wanted, of those that are computed together. */
  get wanted(): number {
    return this.#board[WANTED];
  }

  /** Tokens that the rows attend to, in all. */
  get seen(): number {
    return this.#board[SEEN];
  }

  /** In how many pieces the phase is. */
  get pieces(): number {
    return this.#board[PIECES];
  }

  set rows(count: number) {
    this.#board[ROWS] = count;
  }

  set wanted(count: number) {
    this.#board[WANTED] = count;
  }

  set seen(count: number) {
    this.#board[SEEN] = count;
  }

  /** Puts a phase up, of fewer than 65,536. */
  publish(phase: number, pieces: number): void {
    this.#board[PIECES] = pieces;
    Atomics.store(this.#board, DONE, 0);
    Atomics.store(this.#board, TICKET, (phase << 16) | pieces);
    if (Atomics.load(this.#board, SLEEPERS) > 0) Atomics.notify(this.#board, TICKET);
  }

  /** Takes pieces of what is up and does them, as long as there are any. */
  work(run: (phase: number, piece: number, pieces: number) => void): void {
    for (;;) {
      const ticket = Atomics.load(this.#board, TICKET);
      const left = ticket & 0xffff;
      if (left === 0) return;
      if (Atomics.compareExchange(this.#board, TICKET, ticket, ticket - 1) !== ticket) continue;
      run(ticket >>> 16, left - 1, this.#board[PIECES]);
      Atomics.add(this.#board, DONE, 1);
    }
  }

  /**
   * Waits until all pieces are done.
   *
   * @throws Error where that takes a minute: a thread was lost.
   */
  finish(pieces: number): void {
    let begun = 0;
    for (let look = 0; ; look++) {
      const done = Atomics.load(this.#board, DONE);
      if (done === pieces) return;
      if (look < LOOKS) continue;
      begun ||= performance.now();
      if (performance.now() - begun > PATIENCE) throw new Error('A thread of the decoder does not answer.');
      // Nobody wakes it: what it waits for takes microseconds, unless the other thread has no processor.
      Atomics.wait(this.#board, DONE, done, 0.1);
    }
  }

  /** Waits until something is up. */
  await(): void {
    for (let look = 0; look < LOOKS; look++) if ((Atomics.load(this.#board, TICKET) & 0xffff) !== 0) return;
    Atomics.add(this.#board, SLEEPERS, 1);
    const ticket = Atomics.load(this.#board, TICKET);
    if ((ticket & 0xffff) === 0) Atomics.wait(this.#board, TICKET, ticket);
    Atomics.sub(this.#board, SLEEPERS, 1);
  }
}
