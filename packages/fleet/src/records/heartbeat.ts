import type { RedisClient } from '@qfleet/replay';
import { z } from 'zod';
import { fleetKeys } from '../keys.ts';
import { admit } from './admit.ts';
import { readStrings, unlessOtherType } from './read.ts';
import { refuse } from './refusals.ts';

/** How many processes of a run are looked at; where there are more, those with the newest heartbeats. */
const MOST_PROCESSES = 4_096;
const MOST_BYTES = 4_096;
const ID = /^[A-Za-z0-9._-]{1,80}$/;

const amount = z.number().min(0).max(Number.MAX_SAFE_INTEGER);
const count = z.int().min(0);
/** Unix milliseconds, up to the last that a Date has. */
const instant = z.number().min(0).max(8.64e15);
const measured = z.number().nullable();

const processFields = {
  id: z.string().regex(ID),
  host: z.string().regex(/^[\x21-\x7e]{1,255}$/),
  pid: count,
  startedAt: instant,
  heartbeatAt: instant,
  residentBytes: amount,
  heapUsedBytes: amount,
  cpuSeconds: amount,
  eventLoopLagSeconds: amount,
  redisRoundTripSeconds: amount,
};

/** What a process of each role tells of itself. */
const schemas = {
  actor: z.object({
    ...processFields,
    slots: count.max(65_536),
    environmentSteps: count,
    episodes: count,
    epsilon: z.number().min(0).max(1),
    weightsVersion: count,
    transitionsBuffered: count,
  }),
  learner: z.object({
    ...processFields,
    training: z.union([z.literal(0), z.literal(1)]),
    updates: count,
    weightsVersion: count,
    loss: measured,
    meanAbsTdError: measured,
    meanQ: measured,
    gradientNorm: measured,
  }),
  evaluator: z.object({ ...processFields, evaluations: count }),
  exporter: z.object({ ...processFields, port: count.max(65_535), scrapes: count }),
  supervisor: z.object({ ...processFields, children: count }),
};

type Schemas = typeof schemas;
type Role = keyof Schemas;
/** Processes by role, as `actors`, `learners` and so on. */
export type ProcessLists = { [R in Role as `${R}s`]: z.output<Schemas[R]>[] };

const isRole = (text: string): text is Role => Object.hasOwn(schemas, text);

/** The snapshots of a run's processes that have not expired. */
export async function readProcesses(redis: RedisClient, run: string): Promise<ProcessLists> {
  const keys = fleetKeys(run);
  const lists: ProcessLists = { actors: [], learners: [], evaluators: [], exporters: [], supervisors: [] };
  const members =
    (await unlessOtherType(
      'heartbeat',
      keys.processes,
      redis.zrange(keys.processes, '0', String(MOST_PROCESSES), 'REV'),
    )) ?? [];
  if (members.length > MOST_PROCESSES) {
    refuse('heartbeat', `${keys.processes} names more than ${MOST_PROCESSES} processes`);
    members.pop();
  }
  const named = members.reverse().flatMap((member) => {
    const colon = member.indexOf(':');
    const [role, id] = [member.slice(0, colon), member.slice(colon + 1)];
    if (isRole(role) && ID.test(id)) return [{ member, role, id }];
    refuse('heartbeat', `${keys.processes} names the process ${member}`);
    return [];
  });
  const texts = await readStrings(
    redis,
    'heartbeat',
    named.map(({ member }) => keys.process(member)),
    MOST_BYTES,
  );
  named.forEach(({ member, role, id }, i) => {
    const text = texts[i];
    if (text === null) return;
    const snapshot = admit<z.output<Schemas[Role]>>('heartbeat', `process ${member}`, text, schemas[role]);
    if (snapshot === null) return;
    if (snapshot.id === id) (lists[`${role}s`] as unknown[]).push(snapshot);
    else refuse('heartbeat', `process ${member} calls itself ${snapshot.id}`);
  });
  return lists;
}
