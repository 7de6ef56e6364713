import { type RunConfig, replayRunConfig } from '@qfleet/config';
import type { Uplink } from '@qfleet/fleet';
import { type ReplayStanding, ratioLimiter, type SampleToInsertLimiter } from '@qfleet/replay';
import type { Epsilons } from './exploration.ts';
import type { Pace } from './pace.ts';
import type { WaitReason } from './waits.ts';

/** The part of the replay's transitions that may be in flight; two rounds of chunks always may. */
const UNSEEN_PART = 0.025;
const UNSEEN_CHUNKS_PER_SLOT = 2;
/** After so long without news of the replay, Redis is taken to hold the actor up, not the ratio. */
const SILENT_MS = 1_000;

/** An actor's side of the sample-to-insert ratio, by what it knows of the replay and of the other actors. */
export class ReplayPace implements Pace {
  readonly #config: Pick<RunConfig, 'fleet' | 'replay'>;
  readonly #uplink: Uplink;
  readonly #epsilons: Epsilons;
  readonly #limiter: SampleToInsertLimiter | null;
  /** How the replay will stand with what the slice has done, and steps of a slot that the slice may still do. */
  #projected: ReplayStanding & { insertedTotal: number };
  #left = 0;

  constructor(config: RunConfig, uplink: Uplink, epsilons: Epsilons) {
    this.#config = config;
    this.#uplink = uplink;
    this.#epsilons = epsilons;
    this.#limiter = ratioLimiter(replayRunConfig(config));
    this.#projected = { ...uplink.standing };
  }

  waitReason(steps: number, slots: number): WaitReason | null {
    if (!this.#isUnseenTooMuch(slots) && this.#mayInsert(this.#projectedStanding(steps, slots))) return null;
    return this.#uplink.silentMs > SILENT_MS ? 'redis' : 'ratio';
  }

  playsWith(): void {}

  begin(steps: number, slots: number): void {
    this.#projected = this.#projectedStanding(steps, slots);
    this.#epsilons.update(this.#projected.insertedTotal);
    // A full chunk of each slot: that much the limiter's buffer has room for.
    this.#left = this.#config.replay.chunkLength;
  }

  stepped(): boolean {
    this.#projected.insertedTotal += this.#config.fleet.slots;
    return --this.#left > 0 && this.#mayInsert(this.#projected);
  }

  #mayInsert(standing: ReplayStanding): boolean {
    return this.#limiter?.mayInsert(standing) ?? true;
  }

  /**
   * How the replay will stand once it has all that this actor has stepped. The other actors are taken to have kept the
   * same pace in their slots since the last standing, so that they do not all use the same room.
   */
  #projectedStanding(steps: number, slots: number) {
    const { standing, standingSteps, acknowledged } = this.#uplink;
    const others = this.#config.fleet.slots / Math.max(1, slots) - 1;
    const inserted = standing.insertedTotal + (steps - acknowledged) + (steps - standingSteps) * others;
    return { ...standing, insertedTotal: inserted };
  }

  /**
   * Whether so much of this actor is in flight that the others, who cannot know of it, would overshoot the ratio. It
   * happens when Redis answers late. All actors together stay within half of the ratio's 5 %.
   */
  #isUnseenTooMuch(slots: number): boolean {
    if (this.#limiter === null) return false;
    const { fleet, replay } = this.#config;
    const share = (UNSEEN_PART * this.#uplink.standing.insertedTotal * slots) / fleet.slots;
    return this.#uplink.transitions > Math.max(UNSEEN_CHUNKS_PER_SLOT * slots * replay.chunkLength, share);
  }
}
