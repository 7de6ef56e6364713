import type { Cluster, Redis } from 'ioredis';
import { appendScript } from './append.lua.ts';
import { createScript } from './create.lua.ts';
import { followScript } from './follow.lua.ts';
import { recordSampledScript } from './record-sampled.lua.ts';

export type RedisClient = Redis | Cluster;
type Argument = string | number | Uint8Array;

const SCRIPTS = {
  qfleetReplayAppend: { lua: appendScript, numberOfKeys: 4 },
  qfleetReplayCreate: { lua: createScript, numberOfKeys: 1 },
  qfleetReplayFollow: { lua: followScript, numberOfKeys: 2 },
  qfleetReplayRecordSampled: { lua: recordSampledScript, numberOfKeys: 1 },
};

/** The scripts as methods that ioredis adds to the client: EVALSHA, with EVAL where the server has not seen it. */
interface ScriptCommands {
  qfleetReplayAppend(...keysAndArguments: Argument[]): Promise<string[]>;
  qfleetReplayCreate(...keysAndArguments: Argument[]): Promise<string>;
  qfleetReplayFollowBuffer(...keysAndArguments: Argument[]): Promise<Buffer[]>;
  qfleetReplayRecordSampled(...keysAndArguments: Argument[]): Promise<string[]>;
}

export function withScripts(redis: RedisClient): RedisClient & ScriptCommands {
  for (const [name, script] of Object.entries(SCRIPTS))
    if (!(name in redis)) redis.defineCommand(name, script);
  return redis as RedisClient & ScriptCommands;
}
