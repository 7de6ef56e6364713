import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FleetReader } from '@qfleet/fleet';
import type { FleetState } from '@qfleet/metrics';
import { RunDirectory } from '@qfleet/report';
import { type BenchRow, benchRow } from '../row.ts';
import { meter, onShards, redisCpu, type Taken } from './meter.ts';
import type { Servers } from './servers.ts';

const SECONDS = 6;
/** An overloaded machine takes long to start eight processes. */
const PATIENCE_SECONDS = 180;

/**
 * Measures a real fleet on CartPole for some seconds, once all its actors play and the learner trains.
 * @param command the file that is the `qfleet` command.
 */
export async function benchReal(
  { urls, clients, clear }: Servers,
  actors: number,
  command: string,
): Promise<BenchRow[]> {
  const [url] = urls;
  const folder = await mkdtemp(join(tmpdir(), 'qfleet-bench-'));
  const directory = join(folder, 'run');
  const sets = [
    ...[`fleet.actors=${actors}`, `fleet.slots=${8 * actors}`, 'stop.solvedReturn=null'],
    ...['replay.minSize=500', 'evaluation.every=100000000'],
    ...(urls.length > 1 ? [`replay.shards=${JSON.stringify(urls)}`] : []),
  ].flatMap((set) => ['--set', set]);
  const args = ['train', 'cartpole', '--redis', url, '--run-dir', directory, '--max-seconds', '600', ...sets];
  const child = spawn(process.execPath, [command, ...args], {
    // When the channel closes, the fleet knows that this process has ended.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: { ...process.env, QFLEET_LOG_LEVEL: 'error' },
  });
  const ended = once(child, 'exit');
  try {
    const until = performance.now() + PATIENCE_SECONDS * 1000;
    const waitFor = async <T>(look: () => T | null | Promise<T | null>): Promise<T> => {
      for (;;) {
        const found = await look();
        if (found !== null) return found;
        if (performance.now() > until || child.exitCode !== null) {
          throw new Error(`A fleet of ${actors} actors did not come up to be measured: try qfleet train.`);
        }
        await sleep(100);
      }
    };
    await waitFor(() => (existsSync(join(directory, 'launch.json')) ? true : null));
    const reader = new FleetReader(clients[0], RunDirectory.open(directory).run, urls);
    const atWork = (state: FleetState | null): FleetState | null =>
      state !== null &&
      state.actors.filter(({ slots }) => slots > 0).length === actors &&
      state.learners.some(({ updates }) => updates > 200)
        ? state
        : null;
    const before = await waitFor(async () => atWork(await reader.read()));
    const staleness: number[] = [];
    let after = before;
    const taken = await meter(clients, async () => {
      while (after.at - before.at < SECONDS * 1000) {
        await sleep(500);
        after = (await reader.read()) ?? after;
        const newest = Math.max(0, ...after.learners.map(({ weightsVersion }) => weightsVersion));
        staleness.push(...after.actors.map(({ weightsVersion }) => Math.max(0, newest - weightsVersion)));
      }
    });
    await reader.close();
    return rowsOf(urls.length, actors, { before, after, taken, staleness });
  } finally {
    child.kill('SIGINT');
    await ended;
    await clear();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Seen {
  readonly before: FleetState;
  readonly after: FleetState;
  readonly taken: Taken;
  readonly staleness: readonly number[];
}

function rowsOf(shards: number, actors: number, { before, after, taken, staleness }: Seen): BenchRow[] {
  const seconds = (after.at - before.at) / 1000;
  const grown = (name: keyof FleetState['totals']): number =>
    (after.totals[name] - before.totals[name]) / seconds;
  const name = `${onShards(shards)}real fleet, ${actors} ${actors === 1 ? 'actor' : 'actors'}`;
  return [
    benchRow(`${name}: pushed`, grown('transitionsPushed'), 'transitions/s'),
    benchRow(`${name}: updates`, grown('updates'), 'updates/s'),
    ...redisCpu(name, taken, shards),
    benchRow(`${name}: learner waits for actors`, 100 * grown('learnerWaitRatioSeconds'), '% of its time'),
    benchRow(`${name}: learner waits for Redis`, 100 * grown('learnerWaitRedisSeconds'), '% of its time'),
    benchRow(
      `${name}: actors wait for the learner`,
      (100 * grown('actorWaitRatioSeconds')) / actors,
      '% of their time',
    ),
    benchRow(
      `${name}: staleness`,
      staleness.reduce((sum, value) => sum + value, 0) / staleness.length,
      'versions, mean',
    ),
  ];
}
