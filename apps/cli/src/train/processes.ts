import { join } from 'node:path';
import { type Logger, Supervisor } from '@qfleet/fleet';
import type { RunDirectory } from '@qfleet/report';
import { mainOf } from '../run-process.ts';
import { ownVariables } from './own-variables.ts';

const roles = ['learner', 'actor', 'evaluator', 'exporter'] as const;
type Role = (typeof roles)[number];

/** The order in which a fleet ends: actors push what they hold before the learner takes its last checkpoint. */
const endOrder: readonly Role[] = ['actor', 'learner', 'evaluator', 'exporter'];

/** The processes of a local fleet: one learner, actors, one evaluator, one exporter. */
export class FleetProcesses {
  readonly supervisor: Supervisor;
  readonly #directory: RunDirectory;
  readonly #env: Readonly<Record<string, string>>;

  constructor(directory: RunDirectory, redisUrl: string, log: Logger) {
    this.supervisor = new Supervisor({ logDirectory: join(directory.path, 'logs'), log });
    this.#directory = directory;
    this.#env = {
      QFLEET_REDIS_URL: redisUrl,
      QFLEET_RUN: directory.run,
      QFLEET_RUN_DIR: directory.path,
      ...ownVariables(directory.config),
      // Any free port: two runs on one machine must not meet. The heartbeat tells which.
      QFLEET_EXPORTER_PORT: '0',
    };
  }

  start(): void {
    for (const role of roles) {
      const count = role === 'actor' ? this.#directory.config.fleet.actors : 1;
      for (let i = 0; i < count; i++) {
        this.supervisor.start({ name: `${role}-${i}`, main: mainOf(role), env: this.#env });
      }
    }
  }

  /** Ends them all, a role after the other. */
  async stop(): Promise<void> {
    for (const role of endOrder) {
      const names = this.supervisor.status().map(({ name }) => name);
      const ofRole = names.filter((name) => name.startsWith(`${role}-`));
      await Promise.all(ofRole.map((name) => this.supervisor.remove(name)));
    }
  }

  /** SIGKILL, to all at once. */
  kill(): void {
    for (const { pid } of this.supervisor.status()) {
      if (pid !== null) process.kill(pid, 'SIGKILL');
    }
  }

  /** Processes that live. */
  get living(): number {
    return this.supervisor.status().filter(({ pid }) => pid !== null).length;
  }

  /** Restarts in this session. */
  get restarts(): number {
    return this.supervisor.status().reduce((sum, { restarts }) => sum + restarts, 0);
  }
}
