import parse from 'parse-prometheus-text-format';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import {
  type ActorSnapshot,
  createFleetMetrics,
  type FleetState,
  type LearnerSnapshot,
  type ProcessSnapshot,
  returnBounds,
  returnBucket,
  zeroTotals,
} from '../src/index.ts';

const now = Date.UTC(2026, 0, 1);

const aProcess = (id: string): ProcessSnapshot => ({
  id,
  host: 'h',
  pid: 1,
  startedAt: now - 60_000,
  heartbeatAt: now - 1_500,
  residentBytes: 5e7,
  heapUsedBytes: 2e7,
  cpuSeconds: 12.5,
  eventLoopLagSeconds: 0.004,
  redisRoundTripSeconds: 0.0002,
});

const actor = (id: string, more: Partial<ActorSnapshot> = {}): ActorSnapshot => ({
  ...aProcess(id),
  slots: 4,
  environmentSteps: 1_000,
  episodes: 20,
  epsilon: 0.25,
  weightsVersion: 7,
  transitionsBuffered: 3,
  ...more,
});

const learner = (id: string, more: Partial<LearnerSnapshot> = {}): LearnerSnapshot => ({
  ...aProcess(id),
  training: 1,
  updates: 900,
  weightsVersion: 9,
  loss: 0.125,
  meanAbsTdError: 0.5,
  meanQ: 42,
  gradientNorm: 3,
  ...more,
});

function fleet(more: Partial<FleetState> = {}): FleetState {
  const counts = Array(returnBounds.length + 1).fill(0);
  for (const value of [-1500, 9, 10, 10.5, 500, 1e6]) counts[returnBucket(value)]++;
  return {
    run: 'r1',
    at: now,
    startedAt: now - 120_000,
    phase: 'running',
    redisRoundTripSeconds: 0.0005,
    totals: {
      ...zeroTotals(),
      environmentSteps: 5_000,
      transitionsPushed: 1_000,
      transitionsSampled: 8_000,
      updates: 950,
      actorWaitRatioSeconds: 2.5,
      learnerRestarts: 1,
      chunksRefused: 2,
      chunksRefusedSize: 3,
    },
    returns: {
      ...{ counts, sum: 999_029.5, lastMean: 88, lastEvaluationMean: null },
      ...{ info: { crashed: 0.25, 'lane/right': 2 }, evaluationInfo: { crashed: 0.125 } },
    },
    replay: {
      transitions: 600,
      bytes: 24_000,
      chunks: 20,
      capacityTransitions: 1_000,
      capacityBytes: 1e9,
      samplesPerInsertTarget: 8,
    },
    redisServers: [
      {
        server: '0',
        startedAt: now - 3_600_000,
        usedMemoryBytes: 3e8,
        residentBytes: 3.5e8,
        maxMemoryBytes: 1e9,
        clients: 12,
        commands: 40_000,
        cpuSeconds: 17.5,
        inputBytes: 5e6,
        outputBytes: 6e6,
      },
    ],
    queues: { rollouts: { waiting: 4, active: 2, delayed: 0, failed: 0 } },
    actors: [actor('a1'), actor('a2', { weightsVersion: 10 })],
    learners: [learner('l1'), learner('l2', { training: 0, updates: 0, loss: null })],
    evaluators: [],
    exporters: [],
    supervisors: [],
    ...more,
  };
}

/** A scrape, read by a parser that is not ours. */
async function scrape(registry: Registry) {
  const text = await registry.metrics();
  const families = parse(text);
  const value = (name: string, labels: Record<string, string> = {}): number | undefined => {
    const family = families.find((f) => f.name === name);
    const found = family?.metrics.find((sample) =>
      Object.entries({ run: 'r1', ...labels }).every(([key, text]) => sample.labels?.[key] === text),
    );
    return found?.value === undefined ? undefined : Number(found.value);
  };
  return { text, families, value };
}

async function exported(...states: (FleetState | null | undefined)[]) {
  const registry = new Registry();
  const metrics = createFleetMetrics(registry, 'r1');
  for (const state of states) metrics.update(state);
  return scrape(registry);
}

describe('names', () => {
  it('follow the convention, and counters alone end in _total', async () => {
    const { families } = await exported(fleet());
    expect(families.length).toBeGreaterThan(40);
    for (const { name, type, help } of families) {
      expect(name).toMatch(
        /^qfleet_(fleet|actor|replay|learner|evaluator|queue|redis|process|exporter)_[a-z_]+$/,
      );
      expect(name.endsWith('_total')).toBe(type === 'COUNTER');
      expect(help).not.toBe('');
    }
  });
});

describe('values', () => {
  it('are those of the fleet', async () => {
    const { value } = await exported(fleet());
    expect(value('qfleet_exporter_redis_up')).toBe(1);
    expect(value('qfleet_fleet_phase', { phase: 'running' })).toBe(1);
    expect(value('qfleet_fleet_phase', { phase: 'starting' })).toBe(0);
    expect(value('qfleet_fleet_processes', { role: 'actor' })).toBe(2);
    expect(value('qfleet_fleet_process_restarts_total', { role: 'learner' })).toBe(1);
    expect(value('qfleet_fleet_environment_steps_total')).toBe(5_000);
    expect(value('qfleet_fleet_return_mean')).toBe(88);
    expect(value('qfleet_actor_info_mean', { name: 'crashed' })).toBe(0.25);
    expect(value('qfleet_actor_info_mean', { name: 'lane/right' })).toBe(2);
    expect(value('qfleet_evaluator_info_mean', { name: 'crashed' })).toBe(0.125);
    expect(value('qfleet_actor_epsilon', { actor: 'a1' })).toBe(0.25);
    expect(value('qfleet_actor_wait_seconds_total', { reason: 'ratio' })).toBe(2.5);
    expect(value('qfleet_replay_transitions')).toBe(600);
    expect(value('qfleet_replay_samples_per_insert_ratio')).toBe(8);
    expect(value('qfleet_replay_refused_chunks_total', { reason: 'corrupt' })).toBe(2);
    expect(value('qfleet_replay_refused_chunks_total', { reason: 'size' })).toBe(3);
    expect(value('qfleet_replay_refused_processes_total')).toBe(0);
    expect(value('qfleet_learner_updates_total')).toBe(950);
    expect(value('qfleet_queue_jobs', { queue: 'rollouts', state: 'waiting' })).toBe(4);
    expect(value('qfleet_process_heartbeat_age_seconds', { role: 'actor', id: 'a1' })).toBe(1.5);
    expect(value('qfleet_process_event_loop_lag_seconds', { id: 'a1' })).toBe(0.004);
    expect(value('qfleet_process_heap_used_bytes', { id: 'a1' })).toBe(2e7);
    expect(value('qfleet_redis_used_memory_bytes', { server: '0' })).toBe(3e8);
    expect(value('qfleet_redis_cpu_seconds_total', { server: '0' })).toBe(17.5);
    expect(value('qfleet_exporter_redis_round_trip_seconds')).toBe(0.0005);
  });

  it('of the learner are those of the one that trains', async () => {
    const { value } = await exported(fleet());
    expect(value('qfleet_learner_position_updates')).toBe(900);
    expect(value('qfleet_learner_loss')).toBe(0.125);
    const { value: waiting } = await exported(fleet({ learners: [learner('l2', { training: 0 })] }));
    expect(waiting('qfleet_learner_loss')).toBeUndefined();
    expect(waiting('qfleet_actor_weights_staleness_versions', { actor: 'a1' })).toBeUndefined();
  });

  it('of staleness never fall below 0', async () => {
    const { value } = await exported(fleet());
    expect(value('qfleet_actor_weights_staleness_versions', { actor: 'a1' })).toBe(2);
    expect(value('qfleet_actor_weights_staleness_versions', { actor: 'a2' })).toBe(0);
  });

  it('that are not known yet are left out, not 0', async () => {
    const { value } = await exported(
      fleet({ learners: [learner('l1', { loss: null })], totals: zeroTotals() }),
    );
    expect(value('qfleet_learner_loss')).toBeUndefined();
    expect(value('qfleet_evaluator_return_mean')).toBeUndefined();
    expect(value('qfleet_replay_samples_per_insert_ratio')).toBeUndefined();
    expect(value('qfleet_learner_updates_total')).toBe(0);
  });
});

describe('the histogram of returns', () => {
  it('is cumulated, with inclusive bounds', async () => {
    const { text, families } = await exported(fleet());
    const family = families.find(({ name }) => name === 'qfleet_fleet_episode_return');
    expect(family?.type).toBe('HISTOGRAM');
    const [histogram] = family!.metrics;
    const buckets = histogram.buckets!;
    expect(Object.keys(buckets)).toHaveLength(returnBounds.length + 1);
    expect(buckets).toMatchObject({
      '-1000': '1',
      '5': '1',
      '10': '3',
      '20': '4',
      '475': '4',
      '500': '5',
      '+Inf': '6',
    });
    expect(text).toContain('\nqfleet_fleet_episode_return_count{run="r1"} 6\n');
    expect(text).toContain('\nqfleet_fleet_episode_return_sum{run="r1"} 999029.5\n');
  });
});

describe('updates', () => {
  it('set and do not add', async () => {
    const { value } = await exported(fleet(), fleet());
    expect(value('qfleet_fleet_environment_steps_total')).toBe(5_000);
    expect(value('qfleet_learner_position_updates')).toBe(900);
  });

  it('drop the series of processes that are gone', async () => {
    const { value } = await exported(fleet(), fleet({ actors: [actor('a2')] }));
    expect(value('qfleet_actor_epsilon', { actor: 'a1' })).toBeUndefined();
    expect(value('qfleet_process_resident_memory_bytes', { id: 'a1' })).toBeUndefined();
    expect(value('qfleet_actor_epsilon', { actor: 'a2' })).toBe(0.25);
  });

  it.each([
    ['Redis is down', null, 0],
    ['there is no run', undefined, 1],
  ])('show nothing old when %s', async (_, state, up) => {
    const { families } = await exported(fleet(), state);
    const samples = families.flatMap(({ name, metrics }) => metrics.map(({ value }) => ({ name, value })));
    expect(samples).toEqual([{ name: 'qfleet_exporter_redis_up', value: String(up) }]);
  });
});
