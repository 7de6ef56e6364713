/** When evaluations are due: one in each interval of updates, over all of a run's starts. */
export class EvaluationPace {
  readonly #every: number;
  #next: number;

  /**
   * @param every updates of an interval.
   * @param updates those of the checkpoint that training goes on from.
   * @param next what `next` was then; null: not known. It is not heeded where the interval was changed since.
   */
  constructor(every: number, updates: number, next: number | null) {
    this.#every = every;
    const after = this.#after(updates);
    this.#next = next !== null && next % every === 0 && next <= after + every ? next : after;
  }

  /** The updates at which the next one is due. */
  get next(): number {
    return this.#next;
  }

  /** The next one is begun after so many updates: in its time, or shortly before. */
  begin(updates: number): void {
    this.#next = Math.max(this.#next + this.#every, this.#after(updates));
  }

  /** The end of the interval that so many updates lie in. */
  #after(updates: number): number {
    return (Math.floor(updates / this.#every) + 1) * this.#every;
  }
}
