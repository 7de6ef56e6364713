/**
 * When checkpoints are begun, so that a learner that is killed loses no more updates than lie between two: training
 * never runs further ahead of the last one on disk. Where it had to wait for that, later ones are begun earlier.
 */
export class CheckpointPace {
  readonly #every: number;
  /** Gradient updates of a call of the agent. */
  readonly #call: number;
  /** Updates by which a checkpoint is begun before its time, so that training need not wait until it is on disk. */
  #lead = 0;
  #late = false;
  #begun: number;
  #durable: number;

  /**
   * @param every the configured updates between two.
   * @param call updates that are made at a time.
   * @param updates those of the checkpoint that training goes on from.
   */
  constructor(every: number, call: number, updates: number) {
    this.#every = every;
    this.#call = call;
    this.#begun = this.#durable = updates;
  }

  /** The updates of the checkpoint that was begun last. */
  get begun(): number {
    return this.#begun;
  }

  /** Updates by which what is due is begun before its time: the next call would pass it otherwise. */
  get early(): number {
    return this.#call - 1 + this.#lead;
  }

  /** Whether the next checkpoint is to be begun, after so many updates. */
  due(updates: number): boolean {
    return updates - this.#begun + this.early >= this.#every;
  }

  /** Whether a learner that is killed in the next call could lose more updates than it may. */
  mustWait(updates: number): boolean {
    return updates + this.#call > this.#durable + Math.max(this.#every, this.#call);
  }

  begin(updates: number): void {
    this.#begun = updates;
  }

  /** A checkpoint is still being written after so many updates. */
  underWay(updates: number): void {
    if (this.mustWait(updates)) this.#late = true;
  }

  /** The checkpoint of so many updates is on disk. If training had to wait for it: the lead doubles, up to half an interval. */
  done(updates: number): void {
    this.#durable = updates;
    if (!this.#late) return;
    this.#late = false;
    this.#lead = Math.ceil(Math.min(Math.max(2 * this.#lead, this.#every / 16), this.#every / 2));
  }
}
