import { type RefusedRecords, recordKinds, refusedTotal } from './records.ts';

/**
 * What is known of a running fleet at one moment: read from Redis by whoever watches it (exporter, `qfleet top`,
 * the supervisor's progress line), filled by the processes' heartbeats. Durations are seconds, sizes bytes,
 * instants Unix milliseconds, rates left to the reader.
 */
export interface FleetState {
  readonly run: string;
  /** When this was read. */
  readonly at: number;
  /** When the run was first started. */
  readonly startedAt: number;
  readonly phase: RunPhase;
  /** One PING to Redis and back, taken while reading. */
  readonly redisRoundTripSeconds: number;
  readonly totals: FleetTotals;
  readonly returns: ReturnsSnapshot;
  readonly replay: ReplaySnapshot;
  /** The Redis servers that hold the run. */
  readonly redisServers: readonly RedisServerSnapshot[];
  /** By queue name, as `rollouts` and `evaluations`. */
  readonly queues: Readonly<Record<string, QueueSnapshot>>;
  /** Processes whose heartbeat has not expired; those that ended are not listed. */
  readonly actors: readonly ActorSnapshot[];
  /** One trains; others wait for its lease. */
  readonly learners: readonly LearnerSnapshot[];
  readonly evaluators: readonly EvaluatorSnapshot[];
  readonly exporters: readonly ExporterSnapshot[];
  readonly supervisors: readonly SupervisorSnapshot[];
}

/** `starting`: no learner has trained yet. `stopping`: its processes are told to end. `stopped`: interrupted, can be resumed. `finished`: at its goal or budget. */
export type RunPhase = 'starting' | 'running' | 'stopping' | 'stopped' | 'finished' | 'failed';

/**
 * Sums over all processes that ever were in the run, kept in Redis by increments: they never go back, even
 * when a process dies. (Positions that may go back, as the learner's updates after a crash, are in the snapshots.)
 */
export interface FleetTotals extends RefusedRecords {
  /** Environment steps of all slots. A step of an agent that speaks is a token of its own; so are transitions. */
  environmentSteps: number;
  /** Episodes that ended, by termination or truncation. */
  episodes: number;
  /** Utterances of agents that speak. */
  utterances: number;
  /** Utterances that did not end, and were cut. */
  utterancesCut: number;
  /** Errors of environments that a run outlived (`environment.onError: restart`). */
  environmentErrors: number;
  /** Python processes of environments that were started again. */
  environmentWorkerRestarts: number;
  /** Numbers that environments told under a name that is refused. */
  infoRefused: number;
  /** Transitions acknowledged by the replay. */
  transitionsPushed: number;
  /** Transitions drawn into batches. */
  transitionsSampled: number;
  /** Transitions that left the replay to make room. */
  transitionsEvicted: number;
  /** Transitions that actors gave up for lack of room in their buffers. */
  transitionsDropped: number;
  /** Times that actors found another to write to the replay under their name. */
  actorNamesTaken: number;
  /** Gradient updates done, those that a crash undid included. */
  updates: number;
  weightsPublished: number;
  /** Bytes of them, and the seconds that publishing them took the learner. */
  weightsPublishedBytes: number;
  weightsPublishSeconds: number;
  checkpoints: number;
  /** Evaluations reported. */
  evaluations: number;
  evaluationsFailed: number;
  /** Chunks that were damaged, by the learner's checks or the replay's; never trained on. */
  chunksRefused: number;
  /** Slots that rounds were learned from without, each time. */
  roundSlotsMissed: number;
  /** Chunks that the replay refused: of another version of the format, of another layout, too large. */
  chunksRefusedFormat: number;
  chunksRefusedLayout: number;
  chunksRefusedSize: number;
  /** Processes that wanted to join with another layout than the replay's. */
  processesRefused: number;
  /** Weights that were not what they should be, and were never played with. */
  weightsRefused: number;
  /** Seconds that actors stood still, by reason: the sample-to-insert ratio held them back, … */
  actorWaitRatioSeconds: number;
  /** … their weights were too old, … */
  actorWaitWeightsSeconds: number;
  /** … Redis did not answer, … */
  actorWaitRedisSeconds: number;
  /** … the round that they played was learned from, … */
  actorWaitRoundSeconds: number;
  /** … or there was no lease to take. */
  actorWaitLeaseSeconds: number;
  /** Seconds that the learner stood still: the replay was below its minimum, … */
  learnerWaitMinimumSeconds: number;
  /** … the sample-to-insert ratio held it back, … */
  learnerWaitRatioSeconds: number;
  /** … a round was being played, … */
  learnerWaitRoundSeconds: number;
  /** … until a checkpoint was on disk: without it, a crash would have lost more than `learner.checkpointEvery`. */
  learnerWaitCheckpointSeconds: number;
  /** … or batches were on their way from Redis. */
  learnerWaitRedisSeconds: number;
  /** Restarts by the supervisor, by role. */
  actorRestarts: number;
  learnerRestarts: number;
  evaluatorRestarts: number;
  exporterRestarts: number;
}

/** All totals at zero: also the list of their names. */
export function zeroTotals(): FleetTotals {
  return {
    environmentSteps: 0,
    episodes: 0,
    utterances: 0,
    utterancesCut: 0,
    environmentErrors: 0,
    environmentWorkerRestarts: 0,
    infoRefused: 0,
    transitionsPushed: 0,
    transitionsSampled: 0,
    transitionsEvicted: 0,
    transitionsDropped: 0,
    actorNamesTaken: 0,
    updates: 0,
    weightsPublished: 0,
    weightsPublishedBytes: 0,
    weightsPublishSeconds: 0,
    checkpoints: 0,
    evaluations: 0,
    evaluationsFailed: 0,
    chunksRefused: 0,
    roundSlotsMissed: 0,
    chunksRefusedFormat: 0,
    chunksRefusedLayout: 0,
    chunksRefusedSize: 0,
    processesRefused: 0,
    weightsRefused: 0,
    actorWaitRatioSeconds: 0,
    actorWaitWeightsSeconds: 0,
    actorWaitRedisSeconds: 0,
    actorWaitRoundSeconds: 0,
    actorWaitLeaseSeconds: 0,
    learnerWaitMinimumSeconds: 0,
    learnerWaitRatioSeconds: 0,
    learnerWaitRoundSeconds: 0,
    learnerWaitCheckpointSeconds: 0,
    learnerWaitRedisSeconds: 0,
    actorRestarts: 0,
    learnerRestarts: 0,
    evaluatorRestarts: 0,
    exporterRestarts: 0,
    ...(Object.fromEntries(recordKinds.map((kind) => [refusedTotal(kind), 0])) as RefusedRecords),
  };
}

/** Upper bounds (inclusive) of the buckets in which episode returns are counted; one more bucket takes the rest. */
export const returnBounds: readonly number[] = [
  -1000, -500, -200, -100, -50, -20, -10, -5, -2, -1, 0, 0.5, 1, 2, 5, 10, 20, 50, 100, 150, 200, 300, 400,
  475, 500, 1000, 2000, 5000, 10_000,
];

/** The bucket of a return: an index into `ReturnsSnapshot.counts`. */
export function returnBucket(value: number): number {
  const index = returnBounds.findIndex((bound) => value <= bound);
  return index < 0 ? returnBounds.length : index;
}

/** Returns of training episodes. */
export interface ReturnsSnapshot {
  /** Episodes in each bucket alone (not cumulated): `returnBounds.length + 1` of them. Never go back. */
  readonly counts: readonly number[];
  /** Sum of all returns. */
  readonly sum: number;
  /** Mean return of the last 100 episodes or a few more, and of the newest evaluation; null: none yet. */
  readonly lastMean: number | null;
  readonly lastEvaluationMean: number | null;
  /** Means of the numbers that environments told in `info`, by name, of the same episodes. */
  readonly info: Readonly<Record<string, number>>;
  readonly evaluationInfo: Readonly<Record<string, number>>;
}

export interface ReplaySnapshot {
  readonly transitions: number;
  readonly bytes: number;
  readonly chunks: number;
  readonly capacityTransitions: number;
  readonly capacityBytes: number;
  /** What the configuration asks for; null: not held. */
  readonly samplesPerInsertTarget: number | null;
}

/** What a Redis server says of itself (INFO): the whole server, also where others use it too. */
export interface RedisServerSnapshot {
  /** Tells the servers of a run apart: `0`, `1`, …; nodes of a cluster are `0/host:port`. */
  readonly server: string;
  readonly startedAt: number;
  readonly usedMemoryBytes: number;
  /** Resident memory; above `usedMemoryBytes` by what is fragmented or not given back. */
  readonly residentBytes: number;
  /** Writes beyond it are refused; 0: no limit. */
  readonly maxMemoryBytes: number;
  readonly clients: number;
  /** Commands since the server's start. */
  readonly commands: number;
  /** User and system time of the server, all its threads, since its start. */
  readonly cpuSeconds: number;
  readonly inputBytes: number;
  readonly outputBytes: number;
}

/** Jobs of a BullMQ queue by state. */
export interface QueueSnapshot {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly failed: number;
}

/** What every process tells of itself. */
export interface ProcessSnapshot {
  /** Unique in the run, and new for each start of a process. */
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly heartbeatAt: number;
  /** Resident memory. */
  readonly residentBytes: number;
  /** JavaScript objects alone. */
  readonly heapUsedBytes: number;
  /** User and system time since the start. */
  readonly cpuSeconds: number;
  /** How late a timer came since the last heartbeat, at worst: something held the event loop for so long. */
  readonly eventLoopLagSeconds: number;
  /** The last heartbeat's round trip to Redis. */
  readonly redisRoundTripSeconds: number;
}

export interface ActorSnapshot extends ProcessSnapshot {
  /** Slots that it holds now. */
  readonly slots: number;
  /** Environment steps since its start. */
  readonly environmentSteps: number;
  readonly episodes: number;
  /** Mean ε of its slots. */
  readonly epsilon: number;
  /** Version of the weights it plays with; 0: none yet. */
  readonly weightsVersion: number;
  /** Transitions that wait to be pushed. */
  readonly transitionsBuffered: number;
}

export interface LearnerSnapshot extends ProcessSnapshot {
  /** 1: it holds the lease and trains; 0: it waits. */
  readonly training: 0 | 1;
  /** Gradient updates behind its parameters. */
  readonly updates: number;
  /** Version of the newest published weights; 0: none yet. */
  readonly weightsVersion: number;
  /** Means over the last call of the learner's step; null before the first update. */
  readonly loss: number | null;
  readonly meanAbsTdError: number | null;
  readonly meanQ: number | null;
  /** Global norm of the gradient before clipping. */
  readonly gradientNorm: number | null;
}

export interface EvaluatorSnapshot extends ProcessSnapshot {
  /** Evaluations since its start. */
  readonly evaluations: number;
}

export interface ExporterSnapshot extends ProcessSnapshot {
  /** The port it serves. */
  readonly port: number;
  /** Answers to `/metrics` since its start. */
  readonly scrapes: number;
}

export interface SupervisorSnapshot extends ProcessSnapshot {
  /** Child processes that live. */
  readonly children: number;
}
