import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Weights } from '@qfleet/agents';
import { type RunConfig, runSchema } from '@qfleet/config';
import { resolveEnvironment } from '@qfleet/env-host';
import {
  connectRedis,
  createRun,
  FleetReader,
  LearnerLease,
  replayPrefix,
  seedLeases,
  setPhase,
  WeightsPublisher,
} from '@qfleet/fleet';
import type { FleetState } from '@qfleet/metrics';
import { RedisReplayStore } from '@qfleet/replay';
import { layoutOf } from '@qfleet/rollout';
import { startRedis, type TestRedis } from '../../../../test/support/redis.ts';

type Redis = Awaited<ReturnType<typeof connectRedis>>;

/** As often as a learner does it. */
const ADMIT_MS = 5;
const MAIN = new URL('../../dist/main.js', import.meta.url).pathname;

/** CartPole for actors, with small slots; `replay` and `fleet` fields replaced. */
export function configOf(changes: {
  environment?: Partial<RunConfig['environment']>;
  replay?: Partial<RunConfig['replay']>;
  fleet?: Partial<RunConfig['fleet']>;
}): RunConfig {
  const config = runSchema.parse({
    environment: { id: 'CartPole-v1' },
    agent: { kind: 'dqn', network: { kind: 'mlp', hidden: [16] } },
    replay: { samplesPerInsert: null, capacity: 10_000_000 },
    fleet: { actors: 1, slots: 8, slotsPerLease: 2, slotsPerActor: 4 },
  });
  return {
    ...config,
    environment: { ...config.environment, ...changes.environment },
    replay: { ...config.replay, ...changes.replay },
    fleet: { ...config.fleet, ...changes.fleet },
  };
}

export interface ActorProcess {
  readonly child: ChildProcess;
  /** What it wrote to stderr so far. */
  readonly log: () => string;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** A run with a Redis of its own and a stand-in for the learner: what actors need, without one that trains. */
export class TestFleet implements AsyncDisposable {
  readonly server: TestRedis;
  readonly redis: Redis;
  readonly config: RunConfig;
  readonly #actors: ActorProcess[] = [];
  #lease: LearnerLease | null = null;
  #reader: FleetReader | null = null;
  #admitting: NodeJS.Timeout | null = null;

  private constructor(server: TestRedis, config: RunConfig, redis: Redis) {
    this.server = server;
    this.config = config;
    this.redis = redis;
  }

  static async start(config: RunConfig, ...redisOptions: string[]): Promise<TestFleet> {
    const server = await startRedis(...redisOptions);
    return new TestFleet(server, config, await connectRedis(`unix://${server.socket}`, { role: 'test' }));
  }

  /**
   * The run, its replay, into which all comes that actors hand in, its leases, and weights of version 1.
   * @param slots that are leased at first; see `leaseAll`.
   */
  async createRun(slots = this.config.fleet.slots): Promise<void> {
    await createRun(this.redis, 'r', this.config);
    await this.#makeReplay();
    await seedLeases(this.redis, 'r', { ...this.config.fleet, slots });
    await this.publish(1);
    await setPhase(this.redis, 'r', 'running');
  }

  /** Puts the leases that are not there yet into the queue. */
  async leaseAll(): Promise<void> {
    await seedLeases(this.redis, 'r', this.config.fleet);
  }

  async #makeReplay(): Promise<void> {
    const { environment, replay } = this.config;
    // An environment of a test's own is of CartPole's layout, and not for this process to import.
    const definition = await resolveEnvironment({ ...environment, id: 'CartPole-v1', module: undefined });
    const capacity = { transitions: replay.capacity, bytes: replay.capacityBytes };
    const store = await RedisReplayStore.create(
      this.redis,
      replayPrefix('r'),
      layoutOf(definition),
      capacity,
    );
    let busy = false;
    const admit = async (): Promise<void> => {
      if (busy || this.redis.status !== 'ready') return;
      busy = true;
      await store.admit(0).catch(() => undefined);
      busy = false;
    };
    if (this.#admitting) clearInterval(this.#admitting);
    this.#admitting = setInterval(() => void admit(), ADMIT_MS);
  }

  async publish(version: number, tensors: Weights['tensors'] = this.parameters()): Promise<void> {
    this.#lease ??= await LearnerLease.acquire(this.redis, 'r', 'stand-in');
    await new WeightsPublisher(this.redis, 'r', this.#lease).publish({
      version,
      updates: version,
      tensors,
    });
  }

  /** The parameters of an MLP with one hidden layer. */
  parameters(hidden = 16): Weights['tensors'] {
    const shapes = {
      'hidden0/kernel': [4, hidden],
      'hidden0/bias': [hidden],
      'output/kernel': [hidden, 2],
      'output/bias': [2],
    };
    return new Map(
      Object.entries(shapes).map(([name, shape]) => {
        const size = shape.reduce((product, n) => product * n, 1);
        return [name, { shape, data: Float32Array.from({ length: size }, (_, i) => Math.sin(i)) }];
      }),
    );
  }

  actor(name: string): ActorProcess {
    const child = spawn(process.execPath, [MAIN], {
      env: {
        ...process.env,
        QFLEET_REDIS_URL: `unix://${this.server.socket}`,
        QFLEET_RUN: 'r',
        QFLEET_ENV_MODULE: this.config.environment.module ?? '',
        QFLEET_PROCESS_ID: name,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let text = '';
    child.stderr!.on('data', (data) => {
      text += data;
    });
    const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
    const actor = { child, log: () => text, ended };
    this.#actors.push(actor);
    return actor;
  }

  async state(): Promise<FleetState> {
    this.#reader ??= new FleetReader(this.redis, 'r');
    return (await this.#reader.read())!;
  }

  replay(): Promise<RedisReplayStore> {
    return RedisReplayStore.open(this.redis, replayPrefix('r'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#admitting) clearInterval(this.#admitting);
    for (const { child, ended } of this.#actors) {
      child.kill('SIGKILL');
      await ended;
    }
    this.redis.disconnect();
    await this.server.stop();
  }
}
