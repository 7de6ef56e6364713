import { statfsSync } from 'node:fs';
import type { FleetState } from '@qfleet/metrics';
import { bytes, shown } from '../terminal/output.ts';
import type { Session } from './session.ts';

/** Seconds without a step or an update, after which a full Redis is said to be why. */
const STILL_SECONDS = 3;
/** The part of its memory from which on Redis refuses writes now and then. */
const FULL = 0.98;
/** Bytes left on a disk that count as none: a small checkpoint takes more. */
const SMALLEST_ROOM = 16_384;
/** Seconds beyond `stop.maxSeconds` in which the learner should have ended the run, and seconds in which it should have begun. */
const END_SECONDS = 10;
const BEGIN_SECONDS = 60;

/** Sees from outside what holds a fleet up, and says so once each time. */
export class Standstill {
  readonly #session: Session;
  readonly #startedAt = performance.now();
  readonly #told = new Set<string>();
  #runningAt: number | null = null;
  /** The learner was seen to end the run. */
  #isEnding = false;
  #moved = { at: performance.now(), count: -1 };

  constructor(session: Session) {
    this.#session = session;
  }

  /**
   * What is to be said of this reading; none of it was said before, unless it had passed.
   *
   * @param state null: the fleet could not be looked at.
   */
  notes(state: FleetState | null): string[] {
    if (state?.phase === 'running') this.#runningAt ??= performance.now();
    this.#isEnding = state?.phase === 'stopping';
    return [
      ...(state === null ? [] : this.#once('redis', this.#fullRedis(state))),
      ...this.#once('disk', fullDisk(this.#session.directory.path)),
    ];
  }

  /** Whether the run should long have ended for `stop.maxSeconds`, and its learner can't see to it. */
  get isOverdue(): boolean {
    const { directory, from } = this.#session;
    const { maxSeconds } = directory.config.stop;
    if (maxSeconds === null || this.#isEnding) return false;
    const left = Math.max(0, maxSeconds - (from?.seconds ?? 0));
    const [since, grace] =
      this.#runningAt === null ? [this.#startedAt, BEGIN_SECONDS] : [this.#runningAt, END_SECONDS];
    return (performance.now() - since) / 1000 > left + grace;
  }

  #once(name: string, note: string | null): string[] {
    if (note === null) this.#told.delete(name);
    if (note === null || this.#told.has(name)) return [];
    this.#told.add(name);
    return [note];
  }

  #fullRedis({ totals, redisServers }: FleetState): string | null {
    const now = performance.now();
    const count = totals.transitionsPushed + totals.updates;
    if (count !== this.#moved.count) this.#moved = { at: now, count };
    if ((now - this.#moved.at) / 1000 < STILL_SECONDS) return null;
    const full = redisServers.find(
      ({ maxMemoryBytes: most, usedMemoryBytes: used }) => most > 0 && used >= FULL * most,
    );
    if (full === undefined) return null;
    return (
      `Nothing moves, for Redis is full: it uses ${bytes(full.usedMemoryBytes)} of the ${bytes(full.maxMemoryBytes)} that ` +
      `its maxmemory allows, and refuses writes. Give it more, as with redis-cli CONFIG SET maxmemory ${2 * full.maxMemoryBytes}.`
    );
  }
}

/** A sentence where nothing can be written to the disk of a directory. */
function fullDisk(directory: string): string | null {
  const { bavail, bsize } = statfsSync(directory);
  if (bavail * bsize >= SMALLEST_ROOM) return null;
  return `The disk of ${shown(directory)} is full: checkpoints and metrics wait for room there.`;
}
