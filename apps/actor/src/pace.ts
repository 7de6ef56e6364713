import { fleetRunConfig, type RunConfig } from '@qfleet/config';
import type { Uplink } from '@qfleet/fleet';
import { type ReplayStanding, ratioLimiter, type SampleToInsertLimiter } from '@qfleet/replay';

/** The part of the replay's transitions that may be in flight; two rounds of chunks always may. */
const UNSEEN_PART = 0.025;
const UNSEEN_CHUNKS_PER_SLOT = 2;

/** An actor's side of the sample-to-insert ratio, by what it knows of the replay and of the other actors. */
export class Pace {
  readonly #config: Pick<RunConfig, 'fleet' | 'replay'>;
  readonly #uplink: Uplink;
  readonly #limiter: SampleToInsertLimiter | null;

  constructor(config: RunConfig, uplink: Uplink) {
    this.#config = config;
    this.#uplink = uplink;
    this.#limiter = ratioLimiter(fleetRunConfig(config));
  }

  /** Whether an actor that has done `steps` in all, and has so many slots now, may go on. */
  mayGoOn(steps: number, slots: number): boolean {
    return !this.#isUnseenTooMuch(slots) && this.mayInsert(this.projectedStanding(steps, slots));
  }

  mayInsert(standing: ReplayStanding): boolean {
    return this.#limiter?.mayInsert(standing) ?? true;
  }

  /**
   * How the replay will stand once it has all that this actor has stepped. The other actors are taken to have kept the
   * same pace in their slots since the last standing, so that they do not all use the same room.
   */
  projectedStanding(steps: number, slots: number) {
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
