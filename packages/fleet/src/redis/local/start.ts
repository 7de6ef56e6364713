import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { setUpCommand } from '@qfleet/tensor';
import { Redis } from 'ioredis';
import { FleetError } from '../../errors.ts';
import { findRedisServer, type RedisServerProgram } from './find.ts';

export interface LocalRedisOptions {
  /** The server's own folder; made if it isn't there. Data that an earlier server left in it is loaded. */
  dir: string;
  /** 'aof' (default): every write goes to an append-only file, synced once a second; 'none': memory only. */
  persistence?: 'aof' | 'none';
  /** Writes beyond it are refused, in bytes; unlimited if left out. Nothing is ever evicted. */
  maxMemoryBytes?: number;
  /** The program to start; what `findRedisServer` finds if left out. */
  program?: RedisServerProgram;
  /** Aborted: the start is given up, and the server is ended if it was started. */
  signal?: AbortSignal;
}

/** A server that did not come up. */
export class RedisStartError extends FleetError {
  override readonly name = 'RedisStartError';
  /** It did not end by itself: to start it again may help. */
  readonly wasKilled: boolean;

  constructor(message: string, wasKilled: boolean) {
    super(message);
    this.wasKilled = wasKilled;
  }
}

/** A Redis server that this process started and that ends with it. */
export interface LocalRedis {
  /** unix:///PATH of a socket that only this user may open; the same at every start in that folder, so that
   * clients find a restarted server again. There is no TCP port. */
  url: string;
  pid: number;
  /** What the server writes to its log. */
  logPath: string;
  /** Resolves when the server has ended, for whatever reason. */
  exited: Promise<void>;
  /** Ends the server as SHUTDOWN does: with its data on disk if it keeps any. */
  stop(): Promise<void>;
}

/** Room in a socket's address: 104 bytes on macOS, 108 on Linux. */
const LONGEST_SOCKET_PATH = 100;
const POLL_MS = 10;
const PREDECESSOR_MS = 10_000;
const STOP_MS = 30_000;

/**
 * Ends the server when this process ends, however and however early: only this process holds the other end of the pipe.
 * A line on the pipe says that the server has ended by itself.
 */
const WATCHDOG = 'read -r _ || kill -TERM "$1"';
/** Becomes the server, with the watchdog started before. */
const START =
  '( (cd / && exec /bin/sh -c "$0" qfleet-redis-watchdog "$$") <&3 3<&- >/dev/null 2>&1 & ) && exec "$@" 3<&-';

/** Starts a Redis server of this process's own and waits until it answers.
 * @throws FleetError if there is no program, or the folder is in use; RedisStartError if the server doesn't come up; the
 * signal's reason */
export async function startLocalRedis(options: LocalRedisOptions): Promise<LocalRedis> {
  const program = options.program ?? (await findRedisServer());
  if (program === undefined) {
    throw new FleetError(
      `There is no redis-server or valkey-server here: run ${setUpCommand()}, or name a running one with --redis URL.`,
    );
  }
  mkdirSync(options.dir, { recursive: true, mode: 0o700 });
  const dir = realpathSync(options.dir);
  const socket = socketPath(dir);
  await waitForPredecessor(dir, socket, options.signal);

  const logPath = join(dir, 'redis.log');
  const log = openSync(logPath, 'a', 0o600);
  // In a session of its own: Ctrl-C reaches every process of the terminal's group, and Redis has to outlive the
  // others, which still push what they hold.
  const command = [program.path, ...serverArguments(options, dir, socket)];
  const child = spawn('/bin/sh', ['-c', START, WATCHDOG, ...command], {
    cwd: dir,
    detached: true,
    stdio: ['ignore', log, log, 'pipe'],
  });
  closeSync(log);
  const exited = once(child, 'exit').then(
    () => {},
    () => {},
  );
  if (child.pid === undefined) {
    throw new FleetError(`${program.path} can't be started: see that it is executable.`);
  }
  const leash = child.stdio[3] as Socket;
  leash.on('error', () => {});
  leash.unref();
  void exited.then(() => leash.end('ended\n'));
  try {
    await waitUntilReady(child, socket, logPath, options.signal);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  child.unref();
  const url = pathToFileURL(socket).href.replace(/^file:/, 'unix:');
  return { url, pid: child.pid, logPath, exited, stop: () => stop(child, exited, logPath) };
}

function serverArguments(options: LocalRedisOptions, dir: string, socket: string): string[] {
  const settings: Record<string, string> = {
    port: '0',
    unixsocket: socket,
    unixsocketperm: '700',
    dir,
    daemonize: 'no',
    // Redis must never evict experience by itself: the replay does, oldest first.
    'maxmemory-policy': 'noeviction',
    maxmemory: String(options.maxMemoryBytes ?? 0),
    // Snapshots fork and double the memory at their worst; the append-only file is the one form on disk.
    save: '',
    appendonly: options.persistence === 'none' ? 'no' : 'yes',
    appendfsync: 'everysec',
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}

/** In the server's folder, or in a folder named after that one where its path is too long for a socket. */
function socketPath(dir: string): string {
  const inside = join(dir, 'redis.sock');
  if (Buffer.byteLength(inside) <= LONGEST_SOCKET_PATH) return inside;
  const folder = join('/tmp', `qfleet-${createHash('sha256').update(dir).digest('hex').slice(0, 16)}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = statSync(folder);
  if (uid !== process.getuid?.() || (mode & 0o077) !== 0) {
    throw new FleetError(`${folder} is open to other users: remove it, or choose a shorter run directory.`);
  }
  return join(folder, 'redis.sock');
}

/** Two servers in one folder would overwrite each other's files. One whose run was just killed is still writing
 * its data, and takes its socket away when it has. */
async function waitForPredecessor(
  dir: string,
  socket: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const until = Date.now() + PREDECESSOR_MS;
  while (await accepts(socket)) {
    if (Date.now() > until) {
      throw new FleetError(`A Redis is at work in ${dir}: end the run that it belongs to first.`);
    }
    signal?.throwIfAborted();
    await sleep(POLL_MS);
  }
}

function accepts(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection(socket);
    connection.on('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.on('error', () => resolve(false));
  });
}

async function waitUntilReady(
  child: ChildProcess,
  socket: string,
  logPath: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  while (!(await answers(socket))) {
    signal?.throwIfAborted();
    if (child.signalCode !== null) {
      throw new RedisStartError(`Redis was ended by ${child.signalCode} as it started.`, true);
    }
    if (child.exitCode !== null) {
      throw new RedisStartError(`Redis did not start: ${lastLogLine(logPath)}. Its log: ${logPath}.`, false);
    }
    await sleep(POLL_MS);
  }
}

/** Whether the server takes commands; ioredis waits while it is loading its data. */
async function answers(socket: string): Promise<boolean> {
  const client = new Redis({ path: socket, lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => {});
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}

/** The last thing that the server said, without process id, role, time and level. */
function lastLogLine(logPath: string): string {
  const lines = readFileSync(logPath, 'utf8').trim().split('\n');
  return (lines.at(-1) ?? '').replace(/^\d+:\w .*? [*#.-] /, '').replace(/\.$/, '');
}

async function stop(child: ChildProcess, exited: Promise<void>, logPath: string): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  // To the server this is SHUTDOWN, and it needs no connection.
  child.kill('SIGTERM');
  let killed = false;
  const timer = setTimeout(() => {
    killed = true;
    child.kill('SIGKILL');
  }, STOP_MS);
  await exited;
  clearTimeout(timer);
  if (killed) {
    throw new FleetError(
      `Redis would not end within ${STOP_MS / 1000} s and was killed: ${lastLogLine(logPath)}. Its log: ${logPath}.`,
    );
  }
}
