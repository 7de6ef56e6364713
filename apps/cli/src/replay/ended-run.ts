import { existsSync } from 'node:fs';
import { type LocalRedis, startLocalRedis } from '@qfleet/fleet';
import { type Lock, LockedError, RunDirectory, readLaunch, redisFolderOf } from '@qfleet/report';
import { CommandError, UsageError } from '../errors.ts';
import { shown } from '../terminal/output.ts';
import { keptReplays } from '../train/kept-replay.ts';

/** A run on a Redis of its own that has ended, claimed for this command, with that Redis started for it. */
export class EndedRun implements Disposable {
  readonly directory: RunDirectory;
  readonly #claim: Lock;
  readonly #server: LocalRedis;

  private constructor(directory: RunDirectory, claim: Lock, server: LocalRedis) {
    this.directory = directory;
    this.#claim = claim;
    this.#server = server;
  }

  /**
   * Null: the run's Redis is up, or is not its own.
   *
   * @throws UsageError where its replay was in memory; CommandError where its Redis has left nothing.
   */
  static async open(path: string): Promise<EndedRun | null> {
    const directory = RunDirectory.open(path);
    const { mode, redis } = readLaunch(directory);
    if (mode === 'single') {
      const [kept] = keptReplays(directory);
      throw new UsageError(
        `${shown(directory.path)} was trained in one process, and its replay ended with that` +
          `${kept === undefined ? '' : ` (${shown(kept)} is what it kept)`}.`,
      );
    }
    if (redis !== null) return null;
    let claim: Lock;
    try {
      claim = await RunDirectory.claim(directory.path);
    } catch (error) {
      if (error instanceof LockedError) return null;
      throw error;
    }
    try {
      const dir = redisFolderOf(directory);
      if (!existsSync(dir))
        throw new CommandError(`${shown(directory.path)} has no replay: its Redis left nothing.`);
      return new EndedRun(directory, claim, await startLocalRedis({ dir }));
    } catch (error) {
      claim.release();
      throw error;
    }
  }

  get url(): string {
    return this.#server.url;
  }

  /** Ends the Redis, with its data on disk. */
  async stop(): Promise<void> {
    await this.#server.stop();
  }

  [Symbol.dispose](): void {
    this.#claim.release();
  }
}
