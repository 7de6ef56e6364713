import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { replayPrefix } from '@qfleet/fleet';
import { createRedisReplay } from '@qfleet/replay';
import { openTask } from '@qfleet/rollout';
import { openRedis } from '../connect.ts';
import { median } from '../contest/rounds.ts';
import { programBeside } from '../program-beside.ts';
import { type BenchRow, benchRow } from '../row.ts';
import { withRedis } from '../with-redis.ts';
import type { ActorChildAnswer, ActorChildOptions } from './actor-child.ts';
import { type ActorCase, actorCases } from './cases.ts';
import type { Cost } from './cost.ts';

/** Bounds of the replay: what is older is evicted, as in a run that lasts. */
const CAPACITY = { transitions: 200_000, bytes: 2e8 };
/** A learner's pause between two looks while experience comes. */
const ADMIT_MS = 1;

/**
 * Transitions a second of an actor's processor time, from its environments to the replay on a Redis of its own: the
 * rollout and the uplink of an actor process, on a vector of environments, where no ratio holds it up. Held against what
 * its three parts would come to one after another, each measured alone in alternate turns: the environments, the policy
 * on them, and the push of chunks that are there.
 *
 * @param milliseconds of measuring a figure, after a warm-up half as long.
 * @param rounds in which that is done.
 */
export async function benchActor(milliseconds = 3000, rounds = 10): Promise<BenchRow[]> {
  const rows = await withRedis(async (url) => {
    const found: BenchRow[] = [];
    for (const [place, actorCase] of actorCases.entries()) {
      found.push(
        ...rowsOf(actorCase, await measure({ place, url, run: `bench${place}`, milliseconds, rounds })),
      );
    }
    return found;
  });
  if (rows === null) throw new Error('A Redis is needed to measure: npm run setup brings one.');
  return rows;
}

/** Runs the actor in a process of its own; this one admits meanwhile what it hands in, as a learner does. */
async function measure(options: ActorChildOptions): Promise<ActorChildAnswer> {
  const { layout } = await openTask(actorCases[options.place].config);
  const redis = await openRedis(options.url);
  try {
    const store = await createRedisReplay(
      [{ redis, prefix: replayPrefix(options.run, 0) }],
      layout,
      CAPACITY,
    );
    const program = fileURLToPath(programBeside('actor-child', import.meta.url));
    let ended = false;
    const child = promisify(execFile)(process.execPath, [program, JSON.stringify(options)]).finally(() => {
      ended = true;
    });
    // It is awaited below.
    child.catch(() => undefined);
    while (!ended) if (((await store.admit?.(1)) ?? 0) === 0) await sleep(ADMIT_MS);
    return JSON.parse((await child).stdout) as ActorChildAnswer;
  } finally {
    redis.disconnect();
  }
}

function rowsOf(
  { name, config }: ActorCase,
  { actor, environment, policy, push }: ActorChildAnswer,
): BenchRow[] {
  const rate = (costs: readonly Cost[], spent: 'cpuSeconds' | 'seconds' = 'cpuSeconds'): number =>
    median(costs.map((cost) => cost.transitions / cost[spent]));
  const title = `${name}, ${config.fleet.slots} slots`;
  const unit = 'transitions/CPU s';
  const parts = [environment, policy, push].reduce((sum, costs) => sum + 1 / rate(costs), 0);
  return [
    benchRow(title, rate(actor), unit, 'its three parts apart, alternately', 1 / parts),
    benchRow(`${title}, by the clock`, rate(actor, 'seconds'), 'transitions/s'),
    benchRow(`${title}, environments alone`, rate(environment), unit),
    benchRow(`${title}, policy alone`, rate(policy), unit),
    benchRow(`${title}, push alone`, rate(push), unit),
  ];
}
