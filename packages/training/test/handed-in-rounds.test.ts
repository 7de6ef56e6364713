import { END, makeRound, type Round } from '@qfleet/agents';
import { type RoundRunConfig, runSchema } from '@qfleet/config';
import {
  type Layout,
  MemoryReplayStore,
  type ReplayStore,
  type SealedChunk,
  sealChunk,
} from '@qfleet/replay';
import { roundChunks, roundLayout } from '@qfleet/rollout';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HandedInRounds, roundCapacity } from '../src/index.ts';

const layout: Layout = { frames: 1, shape: [1], dtype: 'float32', actions: 2 };
const COPIES = 4;
const STEPS = 3;
const PATIENCE = 2;
const config = runSchema.parse({
  environment: { id: 'x' },
  agent: { kind: 'pqn', copies: COPIES, steps: STEPS, minibatches: 1 },
  fleet: { roundPatience: PATIENCE },
}) as RoundRunConfig;

/** Rounds with a clock of their own, and actors that hand in to them. */
class Fixture {
  /** Seconds. */
  time = 100;
  store: MemoryReplayStore = this.#newStore();
  readonly rounds: HandedInRounds;
  #sequence = 0;

  constructor() {
    // What the rounds know is this one, whatever store it leads to.
    const store: ReplayStore = {
      append: (chunks) => this.store.append(chunks),
      follow: (after, bytes) => this.store.follow(after, bytes),
      fetch: (ids) => this.store.fetch(ids),
      recordSampled: (transitions) => this.store.recordSampled(transitions),
      standing: () => this.store.standing(),
      close: async () => {},
    };
    this.rounds = new HandedInRounds({ config, layout, store, fence: 1, now: () => 1000 * this.time });
  }

  #newStore(): MemoryReplayStore {
    return new MemoryReplayStore(roundLayout(layout), roundCapacity(config, layout));
  }

  lose(): void {
    this.store = this.#newStore();
  }

  /** A slot's part of a round, whose rewards are `reward`. */
  part(
    slot: number,
    weightsVersion: number,
    reward = slot,
    round = makeRound(layout, 1, STEPS),
  ): SealedChunk {
    round.rewards.fill(reward);
    const [open] = roundChunks(round, {
      layout: roundLayout(layout),
      writer: 'w',
      slots: [slot],
      sequence: () => this.#sequence++,
      epsilon: () => 0,
      weightsVersion,
    });
    return sealChunk(open);
  }

  async handIn(...parts: readonly SealedChunk[]): Promise<Round | null> {
    await this.store.append(parts);
    await this.rounds.synchronize();
    return this.rounds.round;
  }
}

/** The rewards of each slot; null: it is missing. */
const rewardsOf = ({ rewards, ends }: Round): (number | null)[] =>
  Array.from({ length: COPIES }, (_, slot) => (ends[slot] === END.lost ? null : rewards[slot]));

describe('rounds that are handed in', () => {
  it('are whole when every slot has come', async () => {
    const fixture = new Fixture();
    const { rounds } = fixture;
    rounds.publishing(7, 0);
    expect(await fixture.handIn(fixture.part(2, 7), fixture.part(0, 7), fixture.part(1, 7))).toBeNull();
    const round = await fixture.handIn(fixture.part(3, 7));
    expect(rewardsOf(round!)).toEqual([0, 1, 2, 3]);
    expect(round!.weight).toBe(1);
    expect(rounds.played).toBe(COPIES * STEPS);
    rounds.release();
    expect(rounds.missed).toBe(0);
    expect(rounds.round).toBeNull();
  });

  it('go on without a slot that does not come in time, and wait for it again once it has come', async () => {
    const fixture = new Fixture();
    const { rounds } = fixture;
    const come = (version: number, ...slots: number[]) =>
      fixture.handIn(...slots.map((slot) => fixture.part(slot, version)));
    rounds.publishing(1, 0);
    // Nobody plays yet: there is nothing to go on with.
    fixture.time += 10 * PATIENCE;
    expect(await come(1, 0, 1)).toBeNull();
    fixture.time += 0.9 * PATIENCE;
    expect(await come(1, 2)).toBeNull();
    fixture.time += 0.2 * PATIENCE;
    expect(rewardsOf(rounds.round!)).toEqual([0, 1, 2, null]);
    expect(rounds.round!.weight).toBe(4 / 3);
    expect(rounds.played).toBe(3 * STEPS);
    rounds.release();
    expect(rounds.missed).toBe(1);
    // The next round does not wait for what was missing.
    rounds.publishing(2, 2);
    expect(rewardsOf((await come(2, 0, 1, 2))!)).toEqual([0, 1, 2, null]);
    rounds.release();
    expect(rounds.missed).toBe(2);
    // A late part is not learned from, but its slot is there again.
    rounds.publishing(3, 4);
    expect(await come(2, 3)).toBeNull();
    expect(await come(3, 0, 1, 2)).toBeNull();
    expect(rewardsOf((await come(3, 3))!)).toEqual([0, 1, 2, 3]);
    rounds.release();
    expect(rounds.missed).toBe(2);
    expect(rounds.refused).toBe(0);
  });

  it('take the same weights of another version, as they are published after a loss', async () => {
    const fixture = new Fixture();
    const { rounds } = fixture;
    rounds.publishing(4, 2);
    await fixture.handIn(fixture.part(0, 4), fixture.part(1, 4));
    fixture.lose();
    expect(rounds.losses).toBe(0);
    await fixture.handIn();
    expect(rounds.losses).toBe(1);
    rounds.publishing(5, 2);
    expect(await fixture.handIn(fixture.part(0, 5, 9), fixture.part(2, 5))).toBeNull();
    expect(rewardsOf((await fixture.handIn(fixture.part(3, 5)))!)).toEqual([0, 1, 2, 3]);
  });

  it('ask for their weights again where nobody plays', async () => {
    const fixture = new Fixture();
    const { rounds } = fixture;
    expect(rounds.lacksWeights).toBe(false);
    rounds.publishing(1, 0);
    fixture.time += 9;
    expect(rounds.lacksWeights).toBe(false);
    fixture.time += 2;
    expect(rounds.lacksWeights).toBe(true);
    rounds.publishing(2, 0);
    expect(rounds.lacksWeights).toBe(false);
    await fixture.handIn(fixture.part(0, 1));
    fixture.time += 11;
    expect(rounds.lacksWeights).toBe(false);
  });

  it('refuse, and count, what is no part of them', async () => {
    const fixture = new Fixture();
    const { rounds } = fixture;
    rounds.publishing(3, 0);
    const changed = fixture.part(1, 3);
    changed[changed.length - 1] ^= 1;
    const unknownEnd = makeRound(layout, 1, STEPS);
    unknownEnd.ends.fill(9);
    const bad = [
      changed,
      fixture.part(COPIES, 3),
      fixture.part(0, 4),
      fixture.part(0, 3, 0, makeRound(layout, 1, STEPS + 1)),
      fixture.part(0, 3, 0, unknownEnd),
    ];
    for (const [i, part] of bad.entries()) {
      expect(await fixture.handIn(part)).toBeNull();
      expect(rounds.refused).toBe(i + 1);
    }
    fixture.time += 2 * PATIENCE;
    expect(rounds.round).toBeNull();
  });

  it('hold nothing but parts that were played with their weights, in whatever order these come', async () => {
    const event = fc.record({
      slot: fc.nat(COPIES - 1),
      lag: fc.nat(2),
      wait: fc.double({ min: 0, max: PATIENCE, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 60 }), async (events) => {
        const fixture = new Fixture();
        const { rounds } = fixture;
        let version = 1;
        let missed = 0;
        rounds.publishing(version, 0);
        for (const { slot, lag, wait } of events) {
          fixture.time += wait;
          const played = Math.max(0, version - lag);
          const round = await fixture.handIn(fixture.part(slot, played, played));
          if (round === null) continue;
          const rewards = rewardsOf(round);
          const came = rewards.filter((reward) => reward !== null);
          expect(came.every((reward) => reward === version)).toBe(true);
          expect(came.length).toBeGreaterThan(0);
          expect(round.weight).toBeCloseTo(COPIES / came.length, 12);
          rounds.release();
          missed += COPIES - came.length;
          expect(rounds.missed).toBe(missed);
          rounds.publishing(++version, version);
        }
      }),
      { numRuns: 60 },
    );
  });
});
