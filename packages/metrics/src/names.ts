import {
  byName,
  byReason,
  gauge,
  learner,
  type MetricDefinition,
  perActor,
  perProcess,
  perServer,
  processesByRole,
  total,
} from './definition.ts';
import { recordKinds, refusedTotal } from './records.ts';

/** The histogram of training returns, which is made in `return-histogram.ts`. */
export const returnHistogramName = 'qfleet_fleet_episode_return';

/** All other metrics, in the order they are shown. */
export const metricDefinitions: readonly MetricDefinition[] = [
  {
    name: 'qfleet_fleet_phase',
    help: 'Phase of the run: 1 for the one it is in',
    type: 'gauge',
    labels: ['phase'],
    samples: ({ phase }) =>
      ['starting', 'running', 'stopping', 'stopped', 'finished', 'failed'].map((name) => ({
        value: name === phase ? 1 : 0,
        labels: { phase: name },
      })),
  },
  gauge(
    'qfleet_fleet_start_time_seconds',
    'When the run was first started (Unix time)',
    (s) => s.startedAt / 1000,
  ),
  {
    name: 'qfleet_fleet_processes',
    help: 'Processes with a living heartbeat',
    type: 'gauge',
    labels: ['role'],
    samples: (state) =>
      Object.entries(processesByRole(state)).map(([role, { length: value }]) => ({
        value,
        labels: { role },
      })),
  },
  {
    name: 'qfleet_fleet_process_restarts_total',
    help: 'Processes that were started again',
    type: 'counter',
    labels: ['role'],
    samples: ({ totals }) => [
      { value: totals.actorRestarts, labels: { role: 'actor' } },
      { value: totals.learnerRestarts, labels: { role: 'learner' } },
      { value: totals.evaluatorRestarts, labels: { role: 'evaluator' } },
      { value: totals.exporterRestarts, labels: { role: 'exporter' } },
    ],
  },
  {
    name: 'qfleet_fleet_records_refused_total',
    help: 'Records in Redis that a process read and refused, each time it read them, by their kind',
    type: 'counter',
    labels: ['record'],
    samples: ({ totals }) =>
      recordKinds.map((record) => ({ value: totals[refusedTotal(record)], labels: { record } })),
  },
  total(
    'qfleet_fleet_environment_steps_total',
    'Environment steps of all slots; tokens of agents that speak',
    (s) => s.totals.environmentSteps,
  ),
  total('qfleet_fleet_episodes_total', 'Training episodes that ended', (s) => s.totals.episodes),
  gauge(
    'qfleet_fleet_return_mean',
    'Mean return of the last training episodes (100 at most)',
    (s) => s.returns.lastMean,
  ),

  perActor(
    'qfleet_actor_environment_steps_total',
    'Environment steps of an actor; tokens of agents that speak',
    'counter',
    (a) => a.environmentSteps,
  ),
  perActor('qfleet_actor_slots', 'Slots that an actor holds', 'gauge', (a) => a.slots),
  perActor(
    'qfleet_actor_epsilon',
    'Mean exploration rate of the slots of an actor',
    'gauge',
    (a) => a.epsilon,
  ),
  perActor(
    'qfleet_actor_weights_version',
    'Version of the weights that an actor plays with',
    'gauge',
    (a) => a.weightsVersion,
  ),
  perActor(
    'qfleet_actor_weights_staleness_versions',
    'Versions that an actor is behind the newest weights',
    'gauge',
    (a, s) => {
      const newest = learner(s)?.weightsVersion;
      return newest === undefined ? undefined : Math.max(0, newest - a.weightsVersion);
    },
  ),
  perActor(
    'qfleet_actor_buffered_transitions',
    'Transitions of an actor that wait to be pushed',
    'gauge',
    (a) => a.transitionsBuffered,
  ),
  {
    name: 'qfleet_actor_wait_seconds_total',
    help: 'Time that actors stood still, summed over them, by what they waited for',
    type: 'counter',
    labels: ['reason'],
    samples: ({ totals }) =>
      byReason({
        ratio: totals.actorWaitRatioSeconds,
        weights: totals.actorWaitWeightsSeconds,
        redis: totals.actorWaitRedisSeconds,
        round: totals.actorWaitRoundSeconds,
        lease: totals.actorWaitLeaseSeconds,
      }),
  },
  {
    name: 'qfleet_actor_info_mean',
    help: 'Mean of a number that environments tell in info, over the last training episodes (100 at most)',
    type: 'gauge',
    labels: ['name'],
    samples: ({ returns }) => byName(returns.info),
  },
  total(
    'qfleet_actor_info_refused_total',
    'Numbers that environments told in info under a name that is not reported',
    (s) => s.totals.infoRefused,
  ),
  total('qfleet_actor_utterances_total', 'Utterances of agents that speak', (s) => s.totals.utterances),
  total(
    'qfleet_actor_cut_utterances_total',
    'Utterances that did not end, and were cut',
    (s) => s.totals.utterancesCut,
  ),
  total(
    'qfleet_actor_environment_errors_total',
    'Errors of environments that were made again after them',
    (s) => s.totals.environmentErrors,
  ),
  total(
    'qfleet_actor_environment_worker_restarts_total',
    'Python workers of Gymnasium environments that were started again',
    (s) => s.totals.environmentWorkerRestarts,
  ),
  total(
    'qfleet_actor_dropped_transitions_total',
    'Transitions given up for lack of room in a buffer',
    (s) => s.totals.transitionsDropped,
  ),
  total(
    'qfleet_actor_taken_names_total',
    "Times that another wrote to the replay under an actor's name",
    (s) => s.totals.actorNamesTaken,
  ),
  total(
    'qfleet_actor_refused_weights_total',
    'Weights that were torn or foreign, and never played with',
    (s) => s.totals.weightsRefused,
  ),

  gauge('qfleet_replay_transitions', 'Transitions in the replay', (s) => s.replay.transitions),
  gauge('qfleet_replay_size_bytes', 'Bytes of the chunks in the replay', (s) => s.replay.bytes),
  gauge('qfleet_replay_chunks', 'Chunks in the replay', (s) => s.replay.chunks),
  gauge(
    'qfleet_replay_capacity_transitions',
    'Transitions that the replay may hold',
    (s) => s.replay.capacityTransitions,
  ),
  gauge(
    'qfleet_replay_capacity_bytes',
    'Bytes of chunks that the replay may hold',
    (s) => s.replay.capacityBytes,
  ),
  total(
    'qfleet_replay_pushed_transitions_total',
    'Transitions inserted into the replay',
    (s) => s.totals.transitionsPushed,
  ),
  total(
    'qfleet_replay_sampled_transitions_total',
    'Transitions drawn into batches',
    (s) => s.totals.transitionsSampled,
  ),
  total(
    'qfleet_replay_evicted_transitions_total',
    'Transitions that left the replay to make room',
    (s) => s.totals.transitionsEvicted,
  ),
  {
    name: 'qfleet_replay_refused_chunks_total',
    help: 'Chunks that were never trained on, by what was wrong with them',
    type: 'counter',
    labels: ['reason'],
    samples: ({ totals }) =>
      byReason({
        corrupt: totals.chunksRefused,
        format: totals.chunksRefusedFormat,
        layout: totals.chunksRefusedLayout,
        size: totals.chunksRefusedSize,
      }),
  },
  total(
    'qfleet_replay_refused_processes_total',
    'Processes that were turned away for the layout of their environment',
    (s) => s.totals.processesRefused,
  ),
  gauge(
    'qfleet_replay_samples_per_insert_ratio',
    'Transitions sampled per transition pushed, over the whole run',
    ({ totals }) =>
      totals.transitionsPushed > 0 ? totals.transitionsSampled / totals.transitionsPushed : null,
  ),
  gauge(
    'qfleet_replay_samples_per_insert_target_ratio',
    'The ratio that the configuration holds',
    (s) => s.replay.samplesPerInsertTarget,
  ),

  total(
    'qfleet_learner_updates_total',
    'Gradient updates, those that a crash undid included',
    (s) => s.totals.updates,
  ),
  gauge(
    'qfleet_learner_position_updates',
    'Gradient updates behind the parameters',
    (s) => learner(s)?.updates,
  ),
  gauge('qfleet_learner_loss', 'Mean loss of the last updates', (s) => learner(s)?.loss),
  gauge(
    'qfleet_learner_abs_td_error_mean',
    'Mean |TD error| of the last updates',
    (s) => learner(s)?.meanAbsTdError,
  ),
  gauge('qfleet_learner_q_mean', 'Mean Q of the actions in the last batches', (s) => learner(s)?.meanQ),
  gauge(
    'qfleet_learner_gradient_norm',
    'Global norm of the gradient, before clipping',
    (s) => learner(s)?.gradientNorm,
  ),
  gauge('qfleet_learner_weights_version', 'Version of the newest weights', (s) => learner(s)?.weightsVersion),
  total('qfleet_learner_published_weights_total', 'Weights published', (s) => s.totals.weightsPublished),
  total(
    'qfleet_learner_published_weights_bytes_total',
    'Bytes of published weights',
    (s) => s.totals.weightsPublishedBytes,
  ),
  total(
    'qfleet_learner_publish_seconds_total',
    'Time that publishing weights took, beside updates',
    (s) => s.totals.weightsPublishSeconds,
  ),
  total('qfleet_learner_checkpoints_total', 'Checkpoints written', (s) => s.totals.checkpoints),
  total(
    'qfleet_learner_missed_slots_total',
    'Slots that rounds were learned from without, each time',
    (s) => s.totals.roundSlotsMissed,
  ),
  {
    name: 'qfleet_learner_wait_seconds_total',
    help: 'Time that the learner stood still, by what it waited for',
    type: 'counter',
    labels: ['reason'],
    samples: ({ totals }) =>
      byReason({
        minimum: totals.learnerWaitMinimumSeconds,
        ratio: totals.learnerWaitRatioSeconds,
        round: totals.learnerWaitRoundSeconds,
        checkpoint: totals.learnerWaitCheckpointSeconds,
        redis: totals.learnerWaitRedisSeconds,
      }),
  },

  total('qfleet_evaluator_evaluations_total', 'Evaluations reported', (s) => s.totals.evaluations),
  total('qfleet_evaluator_failures_total', 'Evaluations that failed', (s) => s.totals.evaluationsFailed),
  gauge(
    'qfleet_evaluator_return_mean',
    'Mean greedy return of the newest evaluation',
    (s) => s.returns.lastEvaluationMean,
  ),
  {
    name: 'qfleet_evaluator_info_mean',
    help: 'Mean of a number that the environment tells in info, over the newest evaluation',
    type: 'gauge',
    labels: ['name'],
    samples: ({ returns }) => byName(returns.evaluationInfo),
  },

  {
    name: 'qfleet_queue_jobs',
    help: 'Jobs of a queue by state',
    type: 'gauge',
    labels: ['queue', 'state'],
    samples: (state) =>
      Object.entries(state.queues).flatMap(([queue, jobs]) =>
        Object.entries(jobs).map(([name, value]) => ({
          value: value as number,
          labels: { queue, state: name },
        })),
      ),
  },

  perServer('qfleet_redis_used_memory_bytes', 'Memory that Redis counts', 'gauge', (r) => r.usedMemoryBytes),
  perServer(
    'qfleet_redis_resident_memory_bytes',
    'Resident memory of Redis',
    'gauge',
    (r) => r.residentBytes,
  ),
  perServer(
    'qfleet_redis_max_memory_bytes',
    'Memory beyond which Redis refuses writes; 0: no limit',
    'gauge',
    (r) => r.maxMemoryBytes,
  ),
  perServer('qfleet_redis_clients', 'Connections to Redis', 'gauge', (r) => r.clients),
  perServer('qfleet_redis_commands_total', 'Commands that Redis ran', 'counter', (r) => r.commands),
  perServer(
    'qfleet_redis_cpu_seconds_total',
    'User and system time of Redis',
    'counter',
    (r) => r.cpuSeconds,
  ),
  perServer('qfleet_redis_input_bytes_total', 'Bytes that Redis received', 'counter', (r) => r.inputBytes),
  perServer('qfleet_redis_output_bytes_total', 'Bytes that Redis sent', 'counter', (r) => r.outputBytes),
  perServer(
    'qfleet_redis_start_time_seconds',
    'Start of Redis (Unix time)',
    'gauge',
    (r) => r.startedAt / 1000,
  ),

  perProcess('qfleet_process_resident_memory_bytes', 'Resident memory', 'gauge', (p) => p.residentBytes),
  perProcess('qfleet_process_heap_used_bytes', 'JavaScript heap in use', 'gauge', (p) => p.heapUsedBytes),
  perProcess(
    'qfleet_process_event_loop_lag_seconds',
    'Longest that the event loop was held since the heartbeat before',
    'gauge',
    (p) => p.eventLoopLagSeconds,
  ),
  perProcess('qfleet_process_cpu_seconds_total', 'User and system time', 'counter', (p) => p.cpuSeconds),
  perProcess('qfleet_process_start_time_seconds', 'Start (Unix time)', 'gauge', (p) => p.startedAt / 1000),
  perProcess('qfleet_process_heartbeat_age_seconds', 'Time since the last heartbeat', 'gauge', (p, s) =>
    Math.max(0, (s.at - p.heartbeatAt) / 1000),
  ),
  perProcess(
    'qfleet_process_redis_round_trip_seconds',
    'Round trip to Redis of the last heartbeat',
    'gauge',
    (p) => p.redisRoundTripSeconds,
  ),
  gauge(
    'qfleet_exporter_redis_round_trip_seconds',
    'Round trip of a PING to Redis from the exporter',
    (s) => s.redisRoundTripSeconds,
  ),
];

/** Whether the exporter reached Redis for this answer; the one metric that is there without a fleet. */
export const redisUpName = 'qfleet_exporter_redis_up';
