import { type ProcessContext, readEpisodes } from '@qfleet/fleet';
import type { MetricsRecorder, Trainer } from '@qfleet/training';

const POLL_MS = 500;

/** Brings the actors' finished episodes into the run's metrics, beside training. */
export class EpisodeFeed {
  readonly #redis: ProcessContext['redis'];
  readonly #run: string;
  readonly #recorder: MetricsRecorder;
  readonly #timer: NodeJS.Timeout;
  #position: string | undefined;

  constructor(redis: ProcessContext['redis'], run: string, recorder: MetricsRecorder, trainer: Trainer) {
    this.#redis = redis;
    this.#run = run;
    this.#recorder = recorder;
    this.#timer = setInterval(() => {
      // A Redis that is away is met by the training loop; episodes are read when it is back.
      void this.#read()
        .then(() => recorder.tick(trainer))
        .catch(() => undefined);
    }, POLL_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#read();
  }

  async #read(): Promise<void> {
    const { episodes, position } = await readEpisodes(this.#redis, this.#run, this.#position);
    if (position === this.#position) return;
    this.#position = position;
    this.#recorder.addEpisodes(episodes);
  }
}
