import { type LocalRedis, type Logger, startLocalRedis } from '@qfleet/fleet';

/** A run's own Redis server, kept alive: one that dies is started again on its data, which the fleet waits for. */
export class OwnRedis {
  readonly #dir: string;
  readonly #log: Logger;
  #server: LocalRedis;
  #stopping = false;

  private constructor(dir: string, log: Logger, server: LocalRedis) {
    this.#dir = dir;
    this.#log = log;
    this.#server = server;
    this.#watch(server);
  }

  /** @throws FleetError where there is no server program, or it does not come up. */
  static async start(dir: string, log: Logger): Promise<OwnRedis> {
    return new OwnRedis(dir, log, await startLocalRedis({ dir }));
  }

  /** The same over restarts. */
  get url(): string {
    return this.#server.url;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#server.stop();
  }

  #watch(server: LocalRedis): void {
    void server.exited.then(async () => {
      if (this.#stopping) return;
      this.#log.warn(`The run's Redis ended: starting it again. Its log: ${server.logPath}.`);
      try {
        this.#server = await startLocalRedis({ dir: this.#dir });
        if (this.#stopping) await this.#server.stop();
        else this.#watch(this.#server);
      } catch (error) {
        this.#log.error((error as Error).message);
      }
    });
  }
}
