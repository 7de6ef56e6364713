import { tmpdir } from 'node:os';
import { runSchema } from '@qfleet/config';
import type { FleetState } from '@qfleet/metrics';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Session } from '../src/train/session.ts';
import { Standstill } from '../src/train/standstill.ts';

const config = runSchema.parse({
  environment: { id: 'CartPole-v1' },
  agent: { kind: 'dqn' },
  stop: { maxSeconds: 5 },
});
const session = { directory: { path: tmpdir(), config }, from: null } as unknown as Session;
const state = (phase: FleetState['phase']): FleetState =>
  ({ phase, totals: { transitionsPushed: 0, updates: 0 }, redisServers: [] }) as unknown as FleetState;

describe('Standstill', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('finds a run overdue that its learner should have ended, and none that it is seen to end', () => {
    const standstill = new Standstill(session);
    standstill.notes(state('running'));
    vi.advanceTimersByTime(14_000);
    expect(standstill.isOverdue).toBe(false);
    vi.advanceTimersByTime(2_000);
    expect(standstill.isOverdue).toBe(true);
    // The last evaluation may take its time.
    standstill.notes(state('stopping'));
    vi.advanceTimersByTime(1_000_000);
    expect(standstill.isOverdue).toBe(false);
    standstill.notes(null);
    expect(standstill.isOverdue).toBe(true);
  });

  it('leaves a run without a budget of seconds to its learner', () => {
    const endless = { ...config, stop: { ...config.stop, maxSeconds: null } };
    const standstill = new Standstill({
      ...session,
      directory: { ...session.directory, config: endless },
    } as Session);
    vi.advanceTimersByTime(1_000_000);
    expect(standstill.isOverdue).toBe(false);
  });
});
