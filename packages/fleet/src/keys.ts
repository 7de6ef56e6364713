import { nanoid } from 'nanoid';
import { FleetConfigurationError } from './errors.ts';

/**
 * Every Redis key of a run. What stands in braces is Redis Cluster's hash tag: all keys of one shard lie on one
 * node, so that a script may touch several. The fleet's own state is a shard of its own beside the replay's.
 */
export interface FleetKeys {
  /** Hash: config, phase, reason, startedAt. */
  readonly run: string;
  /** Hash: version, token (of the learner that published it), blob; of large weights key, bytes, parts, previous. */
  readonly weights: string;
  /** Hash: the parts of large weights. */
  weightsParts(token: number, version: number): string;
  /** String with expiry: which learner trains. */
  readonly lease: string;
  /** Integer: the newest fencing token that was given out. */
  readonly fence: string;
  /** Sorted set of `role:id` by the time of the last heartbeat. */
  readonly processes: string;
  /** String with expiry: a process's snapshot. */
  process(member: string): string;
  /** Hash: what a process's counters had been when they were last added to the totals. */
  counted(member: string): string;
  /** Set of `role:name` that started and did not end cleanly. */
  readonly unended: string;
  /** Hash of counters that outlive their processes. */
  readonly totals: string;
  /** Hash: episodes by bucket of their return, `sum` of the returns, `before`: episodes of a Redis that was lost. */
  readonly returns: string;
  /** Stream, capped: actors' reports of finished training episodes. */
  readonly episodes: string;
  /** List, capped: results of evaluations. */
  readonly evaluations: string;
  /** Hash with expiry: the parameters that an evaluation plays, in parts; there until its result is in the list. */
  evaluationWeights(job: string): string;
  /** BullMQ's `prefix`. */
  readonly queues: string;
}

export const ROLLOUTS_QUEUE = 'rollouts';
export const EVALUATIONS_QUEUE = 'evaluations';

export function fleetKeys(run: string): FleetKeys {
  const key = (what: string): string => `qfleet:{${run}:fleet}:${what}`;
  return {
    run: key('run'),
    weights: key('weights'),
    weightsParts: (token, version) => key(`weights:${token}.${version}`),
    lease: key('lease'),
    fence: key('fence'),
    processes: key('processes'),
    process: (member) => key(`process:${member}`),
    counted: (member) => key(`counted:${member}`),
    unended: key('unended'),
    totals: key('totals'),
    returns: key('returns'),
    episodes: key('episodes'),
    evaluations: key('evaluations'),
    evaluationWeights: (job) => key(`evaluation-weights:${job}`),
    queues: key('queue'),
  };
}

export const CELLS_QUEUE = 'cells';

/** BullMQ's `prefix` of a sweep's queue: all keys that a sweep has. */
export const sweepQueues = (sweep: string): string => `qfleet:{${sweep}:sweep}:queue`;

/** The prefix of the keys of one shard of a run's replay. */
export const replayPrefix = (run: string, shard = 0): string => `qfleet:{${run}:${shard}}:replay:`;

const RUN_ID = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

export const newRunId = (): string => nanoid(12);

/**
 * Checks that a text can be the id of a run, and returns it.
 * @throws FleetConfigurationError for an id that cannot be part of a key or a file name.
 */
export function checkRunId(run: string): string {
  if (!RUN_ID.test(run)) {
    throw new FleetConfigurationError(
      `Run id ${JSON.stringify(run)} is refused: use letters, digits, "_", "-" and (not first) ".", 64 at most.`,
    );
  }
  return run;
}
