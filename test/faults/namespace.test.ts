import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { soak } from './support/fault.ts';
import { FaultyFleet, RUN } from './support/fleet.ts';
import { mainOf } from './support/main-of.ts';

const PARTITION_MS = soak ? 30_000 : 6_000;

/** Another machine, as far as the network goes: a namespace on the other end of a virtual cable. */
class OtherMachine {
  readonly name = `qfleet-${process.pid}`;
  readonly #cable = `qf${process.pid}`;
  readonly #subnet = `10.213.${process.pid % 256}`;

  /** @throws where the system allows no namespaces. */
  constructor() {
    ip('netns', 'add', this.name);
    try {
      this.#connect();
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  #connect(): void {
    ip('link', 'add', this.#cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', this.name);
    ip('addr', 'add', `${this.here}/24`, 'dev', this.#cable);
    ip('link', 'set', this.#cable, 'up');
    ip('-n', this.name, 'addr', 'add', `${this.#subnet}.2/24`, 'dev', 'eth0');
    ip('-n', this.name, 'link', 'set', 'eth0', 'up');
  }

  /** This machine's address, seen from there. */
  get here(): string {
    return `${this.#subnet}.1`;
  }

  cut(): void {
    ip('-n', this.name, 'link', 'set', 'eth0', 'down');
  }

  mend(): void {
    ip('-n', this.name, 'link', 'set', 'eth0', 'up');
  }

  remove(): void {
    ip('netns', 'del', this.name);
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: 'pipe' });
}

function otherMachine(): OtherMachine | null {
  try {
    return new OtherMachine();
  } catch {
    return null;
  }
}

it('an actor on another machine is cut off, and comes back', { timeout: 180_000 }, async ({ skip }) => {
  const machine = otherMachine();
  if (machine === null) return skip('the system allows no network namespaces');
  onTestFinished(() => machine.remove());
  await using fleet = await FaultyFleet.start({
    host: machine.here,
    fleet: 'fleet: { actors: 2, slots: 12, slotsPerLease: 2, slotsPerActor: 4 }',
  });
  const child = spawn('ip', ['netns', 'exec', machine.name, process.execPath, mainOf('actor')], {
    env: {
      ...process.env,
      QFLEET_REDIS_URL: `redis://${fleet.proxy.address}`,
      QFLEET_RUN: RUN,
      QFLEET_CONFIG: join(fleet.directory, 'config.yaml'),
      QFLEET_PROCESS_ID: 'actor-9',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  const ended = once(child, 'close');
  const until: FaultyFleet['until'] = async (wanted, what) => {
    const waiting = fleet.until((state) => child.exitCode !== null || wanted(state), what);
    const state = await waiting.catch((error: Error) => {
      throw new Error(`${error.message}\nactor-9:\n${said}`);
    });
    if (child.exitCode !== null && !wanted(state)) throw new Error(`actor-9 ended before ${what}:\n${said}`);
    return state;
  };
  const remote = (state: { actors: readonly { id: string; slots: number }[] }): number =>
    state.actors.find(({ id }) => id.startsWith('actor-9.'))?.slots ?? -1;
  await until((state) => remote(state) === 4, 'it has slots');
  machine.cut();
  await until((state) => remote(state) === -1, 'it is missed');
  await sleep(PARTITION_MS);
  // The others go on without it.
  await fleet.progress();
  machine.mend();
  await until((state) => remote(state) === 4, 'it is back at work');
  await fleet.progress();
  await fleet.reachGoal();
  const [code] = await ended;
  expect(code, said).toBe(0);
});
