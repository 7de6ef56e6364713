import type { ChainableCommander, Cluster, Redis } from 'ioredis';
import { admitScript } from './scripts/admit.lua.ts';
import { appendScript } from './scripts/append.lua.ts';
import { createScript } from './scripts/create.lua.ts';
import { recordSampledScript } from './scripts/record-sampled.lua.ts';
import { savePrioritiesScript } from './scripts/save-priorities.lua.ts';

export type RedisClient = Redis | Cluster;
type Scripted = RedisClient & ScriptCommands;
type Argument = string | number | Buffer;

/** The keys of a replay beside its chunks, in the order in which the scripts take them. */
export const REPLAY_KEYS = ['meta', 'sizes', 'writers', 'priorities'];

/** The list of what actors handed in; large chunks lie under this name, a colon and a name of theirs. */
export const INBOX = 'inbox';
/** Under this name and a random one: the number of an inbox's last push. */
export const MARK = 'mark:';

const SCRIPTS = {
  // How many keys: the first argument.
  qfleetReplayAppend: { lua: appendScript },
  qfleetReplayAdmit: { lua: admitScript, numberOfKeys: 5 },
  qfleetReplayCreate: { lua: createScript, numberOfKeys: 4 },
  qfleetReplayRecordSampled: { lua: recordSampledScript, numberOfKeys: 1 },
  qfleetReplaySavePriorities: { lua: savePrioritiesScript, numberOfKeys: 2 },
};

/** The scripts as methods that ioredis adds to the client: EVALSHA, with EVAL where the server has not seen it. */
interface ScriptCommands {
  qfleetReplayAppend(...keysAndArguments: Argument[]): Promise<[number, ...string[]]>;
  qfleetReplayAdmit(...keysAndArguments: Argument[]): Promise<[number, [number, ...string[]]]>;
  qfleetReplayCreate(...keysAndArguments: Argument[]): Promise<string>;
  qfleetReplayRecordSampled(...keysAndArguments: Argument[]): Promise<string[]>;
  qfleetReplaySavePriorities(...keysAndArguments: Argument[]): Promise<number>;
}
/** A transaction on a client that has the scripts. */
export type ScriptTransaction = ChainableCommander & {
  qfleetReplayAppend(...keysAndArguments: Argument[]): unknown;
};

export function withScripts(redis: RedisClient): Scripted {
  for (const [name, script] of Object.entries(SCRIPTS))
    if (!(name in redis)) redis.defineCommand(name, script);
  return redis as Scripted;
}
