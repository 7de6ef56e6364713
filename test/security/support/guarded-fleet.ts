import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FleetReader, fleetKeys } from '@qfleet/fleet';
import type { FleetState } from '@qfleet/metrics';
import { Redis } from 'ioredis';
import { expect, onTestFinished } from 'vitest';
import { type Started, start, temporaryDirectory } from '../../support/qfleet.ts';
import { startRedis } from '../../support/redis.ts';
import { makeCredentials } from './secured-fleet.ts';

export type User = 'actor' | 'evaluator' | 'exporter';

const PATIENCE_MS = 90_000;

/** A fleet of `qfleet train` on a Redis with the users that are shipped, as the one that may do everything. */
export class GuardedFleet {
  readonly run: string;
  readonly training: Started;
  /** May do everything. */
  readonly admin: Redis;
  readonly #reader: FleetReader;
  readonly #connect: (user: string) => Redis;
  /** As it was when it trained. */
  #ids: readonly string[] = [];

  private constructor(run: string, training: Started, connect: (user: string) => Redis) {
    this.run = run;
    this.training = training;
    this.admin = connect('admin');
    this.#connect = connect;
    this.#reader = new FleetReader(this.admin, run);
    onTestFinished(() => this.#reader.close());
  }

  /** Resolves when it trains. @param args of `qfleet train`. */
  static async start(...args: string[]): Promise<GuardedFleet> {
    const folder = temporaryDirectory();
    const credentials = makeCredentials(folder);
    const server = await startRedis('--aclfile', join(credentials, 'users.acl'));
    onTestFinished(() => server.stop());
    const connect = (username: string): Redis => {
      const password = readFileSync(join(credentials, username), 'utf8').trim();
      const redis = new Redis(server.socket, { username, password, maxRetriesPerRequest: null });
      onTestFinished(() => redis.disconnect());
      return redis;
    };
    const directory = join(folder, 'run');
    const training = start(
      ['train', ...args, '--redis', `unix://${server.socket}`, '--run-dir', directory, '--json'],
      {
        env: {
          QFLEET_REDIS_USERNAME: 'admin',
          QFLEET_REDIS_PASSWORD_FILE: join(credentials, 'admin'),
          QFLEET_EXPORTER_PORT: '0',
        },
      },
    );
    const runFile = join(directory, 'run.json');
    const run = await expect
      .poll(() => (JSON.parse(readFileSync(runFile, 'utf8')) as { run: string }).run, {
        timeout: PATIENCE_MS,
      })
      .toBeTypeOf('string')
      .then(() => (JSON.parse(readFileSync(runFile, 'utf8')) as { run: string }).run);
    const fleet = new GuardedFleet(run, training, connect);
    const state = await fleet.until(
      ({ learners, actors, exporters, supervisors, evaluators }) =>
        learners[0]?.updates > 0 &&
        [actors, exporters, supervisors, evaluators].every(({ length }) => length > 0) &&
        actors.every(({ slots }) => slots > 0),
      'it trains',
    );
    fleet.#ids = idsOf(state);
    return fleet;
  }

  /** A connection as one of the users. */
  as(user: User): Redis {
    return this.#connect(user);
  }

  get keys() {
    return fleetKeys(this.run);
  }

  /** Waits until the fleet is as wanted. @throws with what it said. */
  async until(wanted: (state: FleetState) => boolean, what: string): Promise<FleetState> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const state = await this.#reader.read().catch(() => null);
      if (state !== null && wanted(state)) return state;
      const { child, output } = this.training;
      if (child.exitCode !== null || performance.now() > deadline) {
        throw new Error(
          `Waited in vain until ${what}.\n${JSON.stringify(state)}\n${output.stdout}\n${output.stderr}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** The same processes as at the start live, updates rise, every actor steps, and the exporter shows it. */
  async goesOn(what: string): Promise<void> {
    const before = await this.until(({ learners }) => learners.length > 0, `a learner lives after ${what}`);
    const steps = new Map(before.actors.map(({ id, environmentSteps }) => [id, environmentSteps]));
    const after = await this.until(
      (state) =>
        this.#ids.every((id) => idsOf(state).includes(id)) &&
        state.learners[0].updates > before.learners[0].updates &&
        state.actors
          .filter((actor) => this.#ids.includes(actor.id))
          .every(({ id, environmentSteps }) => environmentSteps > (steps.get(id) ?? 0)),
      `it goes on after ${what}`,
    );
    const { port } = after.exporters.find(({ id }) => this.#ids.includes(id))!;
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect(response.status, what).toBe(200);
    expect(await response.text(), what).toMatch(/^qfleet_exporter_redis_up\{[^}]*\} 1$/m);
    expect(this.training.output.stderr, what).not.toMatch(/^ +at /m);
  }
}

const idsOf = ({ learners, actors, evaluators, exporters, supervisors }: FleetState): string[] =>
  [learners, actors, evaluators, exporters, supervisors].flat().map(({ id }) => id);
