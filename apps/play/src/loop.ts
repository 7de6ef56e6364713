/** What a loop plays: one step after the other, and episode after episode. */
export interface Played {
  readonly isOver: boolean;
  /** Takes a step. @returns false: a person has to act first. */
  step(): boolean | Promise<boolean>;
  /** Begins the next episode. */
  next(): void | Promise<void>;
}

/** How long an episode's last state is shown before the next begins, in milliseconds of play. */
const REST_MS = 900;
/** More steps than these in a frame would let the page stand still. */
const MOST_STEPS_A_FRAME = 200;

/** Plays in time: as many steps a second as it is told. What takes time of its own is waited for. */
export class Loop {
  /** Steps a second. */
  speed = 15;
  readonly #played: Played;
  #running = false;
  #waiting = false;
  /** Steps that are due, in parts. */
  #due = 0;
  #rested = 0;
  #last = 0;

  constructor(played: Played) {
    this.#played = played;
  }

  get running(): boolean {
    return this.#running;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#due = 0;
    this.#last = performance.now();
    requestAnimationFrame((now) => this.#frame(now));
  }

  stop(): void {
    this.#running = false;
  }

  /** An episode begins: nothing is due. */
  clear(): void {
    this.#due = 0;
    this.#rested = 0;
  }

  /** Takes the next step in the next frame. */
  hurry(): void {
    this.#due = Math.max(this.#due, 1);
  }

  #frame(now: number): void {
    if (!this.#running) return;
    const elapsed = Math.min(250, now - this.#last);
    this.#last = now;
    if (!this.#waiting) this.#play(elapsed);
    requestAnimationFrame((next) => this.#frame(next));
  }

  #play(elapsed: number): void {
    if (this.#played.isOver) {
      this.#rested += elapsed;
      if (this.#rested < REST_MS) return;
      this.clear();
      const begun = this.#played.next();
      if (begun instanceof Promise) this.#wait(begun);
      return;
    }
    this.#due = Math.min(MOST_STEPS_A_FRAME, this.#due + (elapsed * this.speed) / 1000);
    while (this.#due >= 1 && this.#running && !this.#played.isOver) {
      this.#due--;
      const stepped = this.#played.step();
      if (stepped === false) this.#due = 0;
      if (!(stepped instanceof Promise)) continue;
      // What is late is not made up for.
      this.#due = Math.min(this.#due, 1);
      this.#wait(stepped);
      return;
    }
  }

  #wait(work: Promise<unknown>): void {
    this.#waiting = true;
    void work.finally(() => {
      this.#waiting = false;
    });
  }
}
