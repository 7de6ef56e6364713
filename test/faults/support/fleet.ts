import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type ChildStatus,
  createLogger,
  FleetReader,
  isOver,
  readEvaluations,
  readPhase,
  replayPrefix,
  Supervisor,
} from '@qfleet/fleet';
import type { FleetState } from '@qfleet/metrics';
import { RedisReplayStore } from '@qfleet/replay';
import { Redis } from 'ioredis';
import { expect } from 'vitest';
import { type NetworkProxy, startProxy } from '../../support/proxy.ts';
import { startRedis, type TestRedis } from '../../support/redis.ts';
import { Books } from './books.ts';
import { mainOf } from './main-of.ts';

export const RUN = 'faulty';
/** Updates. */
export const CHECKPOINT_EVERY = 200;
/** The return of the best policy of CliffWalking. */
const OPTIMUM = -13;

/** A connection that waits while the server is away. */
export function connectTo({ socket }: TestRedis): Redis {
  const redis = new Redis(socket, { maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  return redis;
}

export interface FaultyFleetOptions {
  /** Arguments of redis-server. */
  readonly redis?: readonly string[];
  /** Servers of the replay beside the run's own; 0 (the default): that one holds it. */
  readonly shards?: number;
  /** This machine's address, for the fleet. */
  readonly host?: string;
  /** Lines of YAML after those of every run here. */
  readonly fleet?: string;
}

/** Everything that waits for something gives up after this. */
export const within = { timeout: 60_000, interval: 50 };

/**
 * A fleet of real processes under a supervisor: a learner and two actors, behind a proxy to a Redis of their own. It
 * trains without end, for nobody evaluates it, until `reachGoal` starts the evaluator.
 */
export class FaultyFleet implements AsyncDisposable {
  readonly server: TestRedis;
  /** The replay's servers, where it has its own. */
  readonly shards: readonly TestRedis[];
  readonly proxy: NetworkProxy;
  /** Past the proxy. */
  readonly redis: Redis;
  readonly books: Books;
  readonly directory: string;
  readonly supervisor: Supervisor;
  readonly #reader: FleetReader;

  private constructor(
    server: TestRedis,
    shards: readonly TestRedis[],
    proxy: NetworkProxy,
    directory: string,
  ) {
    this.server = server;
    this.shards = shards;
    this.proxy = proxy;
    this.directory = directory;
    this.redis = connectTo(server);
    const replayServers = shards.length > 0 ? shards : [server];
    const urls = shards.map(({ socket }) => `unix://${socket}`);
    this.books = new Books(connectTo(server), RUN, replayServers.map(connectTo), urls);
    this.#reader = new FleetReader(this.redis, RUN, urls);
    this.supervisor = new Supervisor({ logDirectory: join(directory, 'logs'), log: createLogger('silent') });
  }

  /** Resolves when it trains. */
  static async start(options: FaultyFleetOptions = {}): Promise<FaultyFleet> {
    const server = await startRedis(...(options.redis ?? []));
    const shards = await Promise.all(
      Array.from({ length: options.shards ?? 0 }, () => startRedis(...(options.redis ?? []))),
    );
    const urls = shards.map(({ socket }) => `unix://${socket}`);
    const proxy = await startProxy(server.socket, options.host ?? '127.0.0.1');
    const directory = mkdtempSync(join(tmpdir(), 'qfleet-faults-'));
    const module = fileURLToPath(new URL('paced-cliff.ts', import.meta.url));
    writeFileSync(
      join(directory, 'config.yaml'),
      [
        `environment: { id: PacedCliff-v0, module: ${JSON.stringify(module)} }`,
        'agent: { kind: tabular, learningRate: 0.5, discount: 1 }',
        'exploration: { kind: schedule, from: 1, to: 0.1, steps: 5000 }',
        `replay: { capacity: 20000, minSize: 500, samplesPerInsert: 4, shards: ${JSON.stringify(urls)} }`,
        `learner: { publishEvery: 20, checkpointEvery: ${CHECKPOINT_EVERY} }`,
        'evaluation: { every: 400, episodes: 1 }',
        `stop: { solvedReturn: ${OPTIMUM} }`,
        options.fleet ?? 'fleet: { slots: 8, slotsPerLease: 2, slotsPerActor: 4 }',
      ].join('\n'),
    );
    const fleet = new FaultyFleet(server, shards, proxy, directory);
    try {
      for (const name of ['learner-0', 'actor-0', 'actor-1']) fleet.add(name);
      await fleet.until((state) => state.learners[0]?.updates > 0 && state.actors.length === 2, 'it trains');
      return fleet;
    } catch (error) {
      await fleet[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts a process, which is restarted when it dies. */
  add(name: string): void {
    const role = name.split('-')[0];
    this.supervisor.start({ name, main: mainOf(role), env: this.environmentOf(role) });
  }

  /** Runs a process to its end, without a supervisor. */
  run(role: string, env: Readonly<Record<string, string>>): Promise<{ code: unknown; stderr: string }> {
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [mainOf(role)],
        { env: { ...process.env, ...this.#env(), ...env } },
        (error, _, stderr) => resolve({ code: error?.code ?? 0, stderr }),
      );
    });
  }

  #env(): Record<string, string> {
    return {
      QFLEET_REDIS_URL: `redis://${this.proxy.address}`,
      QFLEET_RUN: RUN,
      QFLEET_CONFIG: join(this.directory, 'config.yaml'),
    };
  }

  /** What configures a process of the role. */
  environmentOf(role: string): Record<string, string> {
    const directory = role === 'learner' ? { QFLEET_RUN_DIR: join(this.directory, 'run') } : {};
    return { ...this.#env(), ...directory, QFLEET_EXPORTER_PORT: '0' };
  }

  process(name: string): ChildStatus {
    return this.supervisor.status().find((child) => child.name === name)!;
  }

  signal(name: string, signal: NodeJS.Signals): void {
    const { pid } = this.process(name);
    if (pid === null) throw new Error(`${name} does not run:\n${this.log(name)}`);
    process.kill(pid, signal);
  }

  log(name: string): string {
    return readFileSync(join(this.directory, 'logs', `${name}.log`), 'utf8');
  }

  /** Null: Redis does not know the run. */
  state(): Promise<FleetState | null> {
    return this.#reader.read();
  }

  replay(): Promise<RedisReplayStore> {
    return RedisReplayStore.open(this.redis, replayPrefix(RUN));
  }

  /** Waits until the fleet is as wanted. @throws with the fleet and its logs, where it never is. */
  async until(
    wanted: (state: FleetState) => boolean,
    what: string,
    timeout: number = within.timeout,
  ): Promise<FleetState> {
    const deadline = performance.now() + timeout;
    for (;;) {
      const state = await this.state();
      if (state !== null && wanted(state)) return state;
      if (performance.now() > deadline || this.supervisor.failed.aborted) throw this.#failure(what, state);
      await new Promise((resolve) => setTimeout(resolve, within.interval));
    }
  }

  /** Waits until the learner has done more updates and the actors more steps. */
  async progress(updates = 50): Promise<void> {
    const before = await this.until(({ learners }) => learners.length > 0, 'a learner lives');
    const wanted = (state: FleetState): boolean =>
      state.totals.updates >= before.totals.updates + updates &&
      state.totals.transitionsPushed > before.totals.transitionsPushed;
    await this.until(wanted, `it goes on from update ${before.totals.updates}`);
  }

  /** Has the run evaluated, which ends it at its goal, and checks its books. */
  async reachGoal(): Promise<void> {
    // It alone does not end with the run.
    await this.supervisor.remove('exporter-0');
    this.add('evaluator-0');
    if (process.env['QFLEET_SOAK'] === '1') await this.#stopEvaluator();
    for (;;) {
      const phase = await readPhase(this.redis, RUN);
      if (phase?.phase === 'finished') {
        expect(phase.reason).toBe('solved');
        break;
      }
      await this.until(() => true, 'it is solved', 0);
      await new Promise((resolve) => setTimeout(resolve, within.interval));
    }
    await expect.poll(() => this.supervisor.status().filter(({ pid }) => pid !== null), within).toEqual([]);
    // One on another machine, which is not supervised here, may still hand over what it holds.
    await this.until(({ actors }) => actors.length === 0, 'every actor has ended');
    expect((await readEvaluations(this.redis, RUN)).map(({ mean }) => mean)).toContain(OPTIMUM);
    await this.books.balance();
    const { totals, returns } = (await this.state())!;
    // The last second of a killed actor is in the returns alone. A Redis that lost everything, or its last moments, lacks
    // them.
    if (totals.actorRestarts === 0 && this.books.losses === 0 && !this.books.wroteOff) {
      expect(returns.counts.reduce((sum, count) => sum + count)).toBe(totals.episodes);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { name, pid } of this.supervisor.status()) {
      if (pid !== null) process.kill(pid, 'SIGKILL');
      await this.supervisor.remove(name);
    }
    // First the connections: with Redis away, what is asked on them would wait for ever.
    this.redis.disconnect();
    await this.books.close();
    await this.#reader.close();
    await this.proxy.close();
    await this.server.stop();
    for (const shard of this.shards) await shard.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** It is told to stop once, and comes back, unless the run is over by then. */
  async #stopEvaluator(): Promise<void> {
    await this.until(({ evaluators, phase }) => evaluators.length > 0 || isOver(phase), 'an evaluator lives');
    if (this.process('evaluator-0').pid !== null) this.signal('evaluator-0', 'SIGTERM');
  }

  #failure(what: string, state: FleetState | null): Error {
    const logs = this.supervisor.status().map(({ name }) => `${name}:\n${this.log(name).slice(-2_000)}`);
    return new Error(`Waited in vain until ${what}.\n${JSON.stringify(state)}\n${logs.join('\n')}`);
  }
}
