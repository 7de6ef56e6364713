import { describe, expect, it } from 'vitest';
import { ThreadChoice } from '../src/inference/dense/thread-choice.ts';

/** A choice on a clock that only calls and pauses move. */
function play(most: number, milliseconds: (threads: number) => number) {
  const world = { now: 0, free: 7, asked: 0, come: true, share: 0.5 };
  const choice = new ThreadChoice(most, {
    now: () => world.now,
    watchFreeCores: () => () => world.free,
    helpers: (count) => {
      world.asked = Math.max(world.asked, count);
      return world.come ? count : 0;
    },
  });
  const call = (): number => {
    const threads = choice.threads();
    const start = world.now;
    const took = milliseconds(threads);
    world.now += took;
    choice.took(start);
    world.now += took * (1 / world.share - 1);
    return threads;
  };
  /** Threads of the last call of so many milliseconds. */
  const after = (span: number): number => {
    const end = world.now + span;
    let threads = 0;
    while (world.now < end) threads = call();
    return threads;
  };
  return { world, call, after };
}

describe('the number of threads', () => {
  it('is that of the fastest calls, and the fewest of those alike', () => {
    // Shared work and a cost for each helper: 1, 0.6, 0.55, 0.83.
    const { call, after } = play(8, (threads) => 1 / threads + 0.1 * (threads - 1));
    expect(call()).toBe(1);
    expect(after(3_000)).toBe(2);
    expect(play(8, (threads) => 1 / threads).after(3_000)).toBe(8);
    expect(play(4, (threads) => 1 / threads).after(3_000)).toBe(4);
    expect(play(8, (threads) => threads).after(3_000)).toBe(1);
  });

  it('stays one while processors are busy, or where calls take little of the time', () => {
    for (const change of [{ free: 0.4 }, { share: 0.05 }]) {
      const { world, after } = play(8, (threads) => 1 / threads);
      Object.assign(world, change);
      expect(after(100_000)).toBe(1);
      expect(world.asked).toBe(0);
    }
    const { world, after } = play(8, (threads) => 1 / threads);
    world.free = 1.2;
    expect(after(3_000)).toBe(2);
    expect(world.asked).toBe(1);
  });

  it('stays one where helpers do not come', () => {
    const { world, after } = play(8, (threads) => 1 / threads);
    world.come = false;
    expect(after(100_000)).toBe(1);
  });

  it('is found anew, seldom, when the machine has changed', () => {
    const { world, call, after } = play(8, (threads) => 1 / threads);
    expect(after(3_000)).toBe(8);
    world.free = 0;
    expect(after(12_000)).toBe(1);
    world.free = 7;
    expect(after(12_000)).toBe(8);
    // While nothing changes, other numbers than the best are tried in ever fewer of the calls.
    let [calls, others] = [0, 0];
    const end = world.now + 300_000;
    while (world.now < end) {
      calls++;
      if (call() !== 8) others++;
    }
    expect(others / calls).toBeLessThan(0.005);
  });
});
