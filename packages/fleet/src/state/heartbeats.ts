import { hostname } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ActorSnapshot,
  type EvaluatorSnapshot,
  type ExporterSnapshot,
  type FleetTotals,
  type LearnerSnapshot,
  type ProcessSnapshot,
  type SupervisorSnapshot,
  zeroTotals,
} from '@qfleet/metrics';
import type { RedisClient } from '@qfleet/replay';
import { messageOf } from '../errors.ts';
import { fleetKeys } from '../keys.ts';
import type { Logger } from '../logger.ts';
import { refuse, refusedRecords } from '../records/refusals.ts';
import { phaseOf, reasonOf, revisionOf } from '../records/run.ts';
import type { RunPhase } from '../run/run.ts';
import { beatScript, registerScript } from '../scripts/heartbeats.lua.ts';

/** What the processes of each role tell of themselves. */
export interface Snapshots {
  actor: ActorSnapshot;
  learner: LearnerSnapshot;
  evaluator: EvaluatorSnapshot;
  exporter: ExporterSnapshot;
  supervisor: SupervisorSnapshot;
}
export type Role = keyof Snapshots;

/** What a process measures for a heartbeat; the rest (memory, CPU, times) is filled in. */
export interface Beat<R extends Role> {
  readonly snapshot: Omit<Snapshots[R], keyof ProcessSnapshot>;
  /** Counters since this process's start; what they grew by is added to the run's totals. */
  readonly totals: Partial<FleetTotals>;
}

export interface HeartbeatsOptions<R extends Role> {
  readonly redis: RedisClient;
  readonly run: string;
  readonly role: R;
  /** This life of the process. */
  readonly id: string;
  /** A name that stays over restarts, so that they are counted; null: they are not. */
  readonly name: string | null;
  readonly measure: () => Beat<R>;
  /**
   * The run's phase as each heartbeat finds it, and how often its settings were changed; a phase of null: Redis has no such
   * run (it lost it).
   */
  readonly onPhase?: (phase: RunPhase | null, reason: string | null, revision: number) => void;
  readonly log: Logger;
}

const BEAT_MS = 1_000;
const LAG_RESOLUTION_MS = 20;
const EXPIRE_MS = 5_000;
const COUNTED_EXPIRE_MS = 24 * 3_600_000;

/** Tells the fleet once a second that this process lives, what it does, and learns in the same round trip how the run is. */
export class Heartbeats<R extends Role> {
  readonly #options: HeartbeatsOptions<R>;
  readonly #member: string;
  readonly #stop = new AbortController();
  readonly #startedAt = Date.now();
  readonly #lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  #roundTripSeconds = 0;
  #registered = false;
  #beating: Promise<void> = Promise.resolve();

  constructor(options: HeartbeatsOptions<R>) {
    this.#options = options;
    this.#member = `${options.role}:${options.id}`;
  }

  /** Registers the process, and beats until `stop`. May be called again where it failed. */
  async start(): Promise<void> {
    await this.#register();
    this.#lag.enable();
    await this.beat();
    this.#beating = this.#repeat();
  }

  async #register(): Promise<void> {
    const { redis, run, role, name } = this.#options;
    if (name === null || this.#registered) return;
    const keys = fleetKeys(run);
    const restarts = `${role}Restarts`;
    const counter = restarts in zeroTotals() ? restarts : '';
    await redis.eval(registerScript, 2, keys.unended, keys.totals, `${role}:${name}`, counter);
    this.#registered = true;
  }

  /** One heartbeat now. */
  async beat(): Promise<void> {
    const { redis, run, role, measure, onPhase } = this.#options;
    const keys = fleetKeys(run);
    const { snapshot, totals } = measure();
    const sentAt = performance.now();
    const [phase, reason, revision] = (await redis.eval(
      beatScript,
      5,
      keys.process(this.#member),
      keys.processes,
      keys.counted(this.#member),
      keys.totals,
      keys.run,
      this.#member,
      JSON.stringify({ ...this.#process(), ...snapshot }),
      EXPIRE_MS,
      COUNTED_EXPIRE_MS,
      role === 'learner' ? 1 : 0,
      ...Object.entries({ ...totals, ...refusedRecords() }).flatMap(([name, value]) => [
        name,
        Number.isFinite(value) ? value : 0,
      ]),
    )) as (string | null)[];
    this.#roundTripSeconds = (performance.now() - sentAt) / 1000;
    const known = phaseOf(phase);
    if (phase !== null && known === null) refuse('run', `its phase is ${JSON.stringify(phase)}`);
    else onPhase?.(known, reasonOf(reason), revisionOf(revision));
  }

  /**
   * Sends the last counts and leaves the list of processes. With Redis away nothing is sent; the expiry has the same
   * effect. With Redis full the counts of the last moments are lost.
   * @param clean false: this end is a failure, and a start after it counts as a restart.
   */
  async stop(clean = true): Promise<void> {
    this.#stop.abort();
    this.#lag.disable();
    if (this.#options.redis.status !== 'ready') return;
    await this.#beating;
    await this.#tryToBeat();
    const { redis, run, role, name } = this.#options;
    const keys = fleetKeys(run);
    const farewell = redis.multi().del(keys.process(this.#member)).zrem(keys.processes, this.#member);
    if (clean) farewell.srem(keys.unended, `${role}:${name}`);
    await farewell.exec();
  }

  #process(): ProcessSnapshot {
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    // The time between two calls of a timer: what exceeds its period is lag.
    const eventLoopLagSeconds = Math.max(0, this.#lag.max / 1e9 - LAG_RESOLUTION_MS / 1e3);
    this.#lag.reset();
    return {
      id: this.#options.id,
      host: hostname(),
      pid: process.pid,
      startedAt: this.#startedAt,
      heartbeatAt: Date.now(),
      residentBytes: rss,
      heapUsedBytes: heapUsed,
      cpuSeconds: (user + system) / 1e6,
      eventLoopLagSeconds,
      redisRoundTripSeconds: this.#roundTripSeconds,
    };
  }

  async #repeat(): Promise<void> {
    const { signal } = this.#stop;
    for (;;) {
      await sleep(BEAT_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      await this.#tryToBeat();
    }
  }

  async #tryToBeat(): Promise<void> {
    await this.beat().catch((error: unknown) => {
      this.#options.log.debug(`Heartbeat: ${messageOf(error)}`);
    });
  }
}
