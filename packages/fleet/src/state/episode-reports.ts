import { type EpisodeReport, EpisodeTally, type FinishedEpisode } from './episode-tally.ts';

/** @param number counts the reports from 1; one that failed comes again as it was. */
export type SendReport = (number: number, report: EpisodeReport) => Promise<void>;

/** An actor's reports of finished episodes, one in flight at a time: what ends meanwhile is summed up for the next. */
export class EpisodeReports {
  readonly #send: SendReport;
  readonly #tally = new EpisodeTally();
  /** In flight, or failed. */
  #report: EpisodeReport | null = null;
  #number = 0;

  constructor(send: SendReport) {
    this.#send = send;
  }

  /** Whether nothing is left to be sent. */
  get isEmpty(): boolean {
    return this.#report === null && this.#tally.isEmpty;
  }

  add(episode: FinishedEpisode): void {
    this.#tally.add(episode);
  }

  /** Sends the report that failed, or else one of what ended since the last. @throws what sending it throws. */
  async send(): Promise<void> {
    if (this.#report === null) {
      this.#report = this.#tally.take();
      if (this.#report === null) return;
      this.#number++;
    }
    await this.#send(this.#number, this.#report);
    this.#report = null;
  }
}
