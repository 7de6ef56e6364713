import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetState } from '@qfleet/metrics';

/** What a look at the fleet gave. */
export type Sight =
  | { readonly fleet: FleetState }
  /** Redis answered, and knows no such run. */
  | { readonly fleet: undefined }
  /** Redis did not answer, for this reason. */
  | { readonly fleet: null; readonly reason: string };

/** Several scrapers, and `/healthz` beside them, cost Redis one reading. */
const cacheMs = 500;
/** Prometheus gives up after 10 s by default; a Redis that takes so long is as good as down. */
const timeoutMs = 2_000;

/** Looks at the fleet when asked, but never twice at once. */
export class FleetWatch {
  readonly #read: () => Promise<FleetState | null>;
  readonly #isConnected: () => boolean;
  #reading: Promise<Sight> | null = null;
  #last: { readonly sight: Sight; readonly at: number } | null = null;

  /**
   * @param read may hang while Redis is away, as commands wait for it to come back.
   * @param isConnected tells at once that it is away.
   */
  constructor(read: () => Promise<FleetState | null>, isConnected: () => boolean) {
    this.#read = read;
    this.#isConnected = isConnected;
  }

  async look(): Promise<Sight> {
    if (!this.#isConnected()) return { fleet: null, reason: 'Redis is away' };
    if (this.#last !== null && performance.now() - this.#last.at < cacheMs) return this.#last.sight;
    // The next look also waits for a reading that outlived its time-out, so that readings do not pile up.
    this.#reading ??= this.#readOnce().finally(() => {
      this.#reading = null;
    });
    const stop = new AbortController();
    const late = sleep(timeoutMs, 'late' as const, { signal: stop.signal, ref: false }).catch(
      () => 'late' as const,
    );
    const sight = await Promise.race([this.#reading, late]);
    stop.abort();
    return sight === 'late'
      ? { fleet: null, reason: `Redis did not answer in ${timeoutMs / 1000} s` }
      : sight;
  }

  async #readOnce(): Promise<Sight> {
    try {
      const sight = { fleet: (await this.#read()) ?? undefined };
      this.#last = { sight, at: performance.now() };
      return sight;
    } catch (error) {
      return { fleet: null, reason: error instanceof Error ? error.message : String(error) };
    }
  }
}
