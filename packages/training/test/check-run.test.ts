import { type RunConfigInput, runSchema } from '@qfleet/config';
import { describe, expect, it } from 'vitest';
import { checkRun } from '../src/index.ts';

const config = (replay: RunConfigInput['replay']) =>
  runSchema.parse({
    environment: { id: 'Any' },
    agent: { kind: 'dqn' },
    replay,
    learner: { cacheBytes: 1e6 },
  });

const vector = { frames: 1, shape: [4], dtype: 'float32', actions: 2 } as const;
const frames = { frames: 1, shape: [84, 84], dtype: 'uint8', actions: 4 } as const;
const place = { holdsReplay: true, memory: 1e9 };

describe('a run and its machine', () => {
  it('takes what fits', () => {
    expect(() => checkRun(config({}), vector, place)).not.toThrow();
    // 1,000 frames as they are take 7 MB; compressed they may well fit.
    expect(() => checkRun(config({ capacityBytes: 1e6 }), frames, place)).not.toThrow();
  });

  it('refuses a replay that never holds what learning begins with', () => {
    expect(() => checkRun(config({ capacityBytes: 20_000 }), vector, place)).toThrow(
      /^replay\.capacityBytes is 20000, which holds \d+ transitions of this environment; allowed: enough for replay\.minSize, 1000\.$/,
    );
    expect(() => checkRun(config({ capacityBytes: 10_000 }), frames, place)).toThrow(/replay\.capacityBytes/);
  });

  it('refuses what is larger than the memory, where that holds the replay', () => {
    const large = config({ capacity: 1e6, capacityBytes: 2e9 });
    expect(() => checkRun(large, frames, place)).toThrow(
      /^replay\.capacity is 1000000, .* takes 2\.02 GB of memory, and this machine has 1 GB: lower it,/,
    );
    expect(() => checkRun(large, frames, { ...place, holdsReplay: false })).not.toThrow();
    const index = config({ capacity: 1e8 });
    expect(() => checkRun(index, vector, { ...place, holdsReplay: false })).toThrow(/replay\.capacity/);
  });

  it('holds all that was recorded, whatever the replay is set to', () => {
    const small = config({ capacity: 2_000, minSize: 1_000, capacityBytes: 1e5 });
    const recorded = (transitions: number) => ({ ...place, recorded: transitions });
    expect(() => checkRun(small, vector, recorded(100_000))).not.toThrow();
    expect(() => checkRun(small, vector, recorded(64))).not.toThrow();
    expect(() => checkRun(small, vector, recorded(63))).toThrow(
      'The recorded experience has 63 transitions; allowed: at least agent.batchSize, 64.',
    );
    expect(() => checkRun(small, frames, recorded(1e6))).toThrow(
      /^The recorded experience has 1000000 transitions, .* of memory, and this machine has 1 GB: learn from fewer,/,
    );
  });
});
