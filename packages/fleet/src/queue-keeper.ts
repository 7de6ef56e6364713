import type { RunConfig } from '@qfleet/config';
import type { RedisClient } from '@qfleet/replay';
import { messageOf } from './errors.ts';
import { EVALUATIONS_QUEUE, fleetKeys, ROLLOUTS_QUEUE } from './keys.ts';
import { type Lease, leasesOf, seedLeases } from './leases.ts';
import type { Logger } from './logger.ts';
import { refuse } from './records/refusals.ts';

/** Leases whose own records are looked at in one check; the others have their turn later. */
const LEASES_A_CHECK = 128;

/** BullMQ's keys of a queue, by the type that each must be of; 'none' for what this fleet has no use for. */
const KEYS = {
  wait: 'list',
  active: 'list',
  prioritized: 'zset',
  delayed: 'zset',
  completed: 'zset',
  failed: 'zset',
  stalled: 'set',
  meta: 'hash',
  events: 'stream',
  marker: 'zset',
  id: 'string',
  pc: 'string',
  'stalled-check': 'string',
  paused: 'none',
  'waiting-children': 'none',
  repeat: 'none',
  limiter: 'none',
  de: 'none',
} as const;
const NAMES = Object.keys(KEYS) as (keyof typeof KEYS)[];

// KEYS: those of the queue, in the order of `KEYS`, then job and lock of each lease that is looked at. ARGV: the type of
// each key of the queue, how many leases there are (-1: the queue is of other jobs), then slots and priority of each lease.
// Returns what is wrong, or nil; 'empty': Redis lost the queue.
const CHECK = `
local queue = ${NAMES.length}
local function decode(text)
  local readable, value = pcall(cjson.decode, text or '')
  return readable and type(value) == 'table' and value
end
local function joined(slots)
  local fine, text = pcall(table.concat, slots, ',')
  return fine and text
end
local function wrong(key, types)
  local found = redis.call('TYPE', key).ok
  return found ~= 'none' and found ~= types and key .. ' is a ' .. found
end
for i = 1, queue do
  local problem = wrong(KEYS[i], ARGV[i])
  if problem then return problem end
end
for _, i in ipairs({ ${NAMES.indexOf('id') + 1}, ${NAMES.indexOf('pc') + 1} }) do
  if redis.call('STRLEN', KEYS[i]) > 15 or string.find(redis.call('GETRANGE', KEYS[i], 0, 15), '%D') then
    return KEYS[i] .. ' is no count'
  end
end
local meta = redis.call('HMGET', KEYS[${NAMES.indexOf('meta') + 1}], 'paused', 'concurrency', 'max', 'duration', 'opts.maxLenEvents')
if meta[1] or meta[2] or meta[3] or meta[4] then return 'it is paused or limited' end
if meta[5] and not string.find(meta[5], '^%d+$') then return 'its events have no bound' end
local last = redis.call('XREVRANGE', KEYS[${NAMES.indexOf('events') + 1}], '+', '-', 'COUNT', 1)[1]
if last and tonumber(string.match(last[1], '^%d+')) > (tonumber(redis.call('TIME')[1]) + 86400) * 1000 then
  return 'its events are of the future'
end

local leases = tonumber(ARGV[queue + 1])
if leases < 0 then return false end
local there = redis.call('LLEN', KEYS[1]) + redis.call('LLEN', KEYS[2]) + redis.call('ZCARD', KEYS[3])
if there == 0 and redis.call('EXISTS', KEYS[${NAMES.indexOf('meta') + 1}]) == 0 then return 'empty' end
if there ~= leases then return 'it has ' .. there .. ' jobs, and ' .. leases .. ' leases' end
local seen = {}
for _, ids in ipairs({ redis.call('LRANGE', KEYS[1], 0, -1), redis.call('LRANGE', KEYS[2], 0, -1), redis.call('ZRANGE', KEYS[3], 0, -1) }) do
  for _, id in ipairs(ids) do
    local place = tonumber(string.match(id, '^lease%-(%d+)$'))
    if not place or place >= leases or seen[place] then return 'it has a job that is no lease, or a lease twice' end
    seen[place] = true
  end
end
for i = 0, (#KEYS - queue) / 2 - 1 do
  local job, lock = KEYS[queue + 2 * i + 1], KEYS[queue + 2 * i + 2]
  local problem = wrong(job, 'hash') or wrong(lock, 'string')
  if problem then return problem end
  local data = redis.call('HMGET', job, 'data', 'priority', 'opts', 'progress', 'parent', 'returnvalue', 'stacktrace')
  local lease, opts = decode(data[1]), decode(data[3])
  local slots = lease and type(lease.slots) == 'table' and lease.slots
  if not slots or joined(slots) ~= ARGV[queue + 2 + 2 * i] or data[2] ~= ARGV[queue + 3 + 2 * i]
    or not opts or data[4] or data[5] or data[6] or data[7] then
    return job .. ' is no lease'
  end
  for _, count in ipairs(redis.call('HMGET', job, 'ats', 'atm', 'stc')) do
    if count and not string.find(count, '^%d+$') then return job .. ' is no lease' end
  end
  local left = redis.call('PTTL', lock)
  if left == -1 or left > 60000 then return lock .. ' does not run out' end
end
return false`;

/**
 * Sees to it that the run's queues are what they should be: their keys may be written by every process that takes jobs. One
 * that is not is made anew: leases are taken again, and evaluations that waited are lost.
 */
export class QueueKeeper {
  readonly #redis: RedisClient;
  readonly #run: string;
  readonly #fleet: RunConfig['fleet'];
  readonly #log: Logger;
  readonly #leases: readonly Lease[];
  /** The first lease of the next check. */
  #next = 0;

  constructor(redis: RedisClient, run: string, fleet: RunConfig['fleet'], log: Logger) {
    this.#redis = redis;
    this.#run = run;
    this.#fleet = fleet;
    this.#log = log;
    this.#leases = leasesOf(fleet);
  }

  /** Looks at both queues, and mends what is wrong. */
  async check(): Promise<void> {
    const leases = Array.from(
      { length: Math.min(LEASES_A_CHECK, this.#leases.length) },
      (_, i) => this.#leases[(this.#next + i) % this.#leases.length],
    );
    this.#next = (this.#next + leases.length) % this.#leases.length;
    if (!(await this.#isSound(ROLLOUTS_QUEUE, this.#leases.length, leases))) {
      await clearQueue(this.#redis, this.#run, ROLLOUTS_QUEUE, this.#leases);
      await seedLeases(this.#redis, this.#run, this.#fleet);
    }
    if (!(await this.#isSound(EVALUATIONS_QUEUE, -1, [])))
      await clearQueue(this.#redis, this.#run, EVALUATIONS_QUEUE);
  }

  async #isSound(queue: string, jobs: number, leases: readonly Lease[]): Promise<boolean> {
    const keys = keysOf(this.#run, queue, leases);
    const args = [
      ...NAMES.map((name) => KEYS[name]),
      jobs,
      ...leases.flatMap(({ slots, priority }) => [slots.join(), priority]),
    ];
    const problem = (await this.#redis.eval(CHECK, keys.length, ...keys, ...args)) as string | null;
    if (problem === null) return true;
    if (problem === 'empty') return false;
    refuse('queue', `of ${queue}: ${problem}`);
    this.#log.warn(`The queue of ${queue} was damaged, and is made anew: see the refusals above.`);
    return false;
  }
}

/** Removes a queue, and the jobs that are leases. */
export async function clearQueue(
  redis: RedisClient,
  run: string,
  queue: string,
  leases: readonly Lease[] = [],
): Promise<void> {
  await redis.unlink(...keysOf(run, queue, leases));
}

/** Whether an error says that a queue holds what BullMQ did not put there. */
export const isDamage = (error: unknown): boolean =>
  error instanceof SyntaxError ||
  error instanceof TypeError ||
  /\bWRONGTYPE\b|value is not an? |would overflow|last possible ID|attempt to /.test(messageOf(error));

function keysOf(run: string, queue: string, leases: readonly Lease[]): string[] {
  const prefix = `${fleetKeys(run).queues}:${queue}:`;
  const names = [...NAMES, ...leases.flatMap(({ id }) => [id, `${id}:lock`])];
  return names.map((name) => prefix + name);
}
