import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, globSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface TestRedis {
  /** Its Unix socket; ioredis takes it as `new Redis(socket)`. */
  readonly socket: string;
  /** Where it lives, and keeps its data if told to. */
  readonly folder: string;
  /** SIGSTOP: it hangs until it is killed. */
  hang(): void;
  /** SIGKILL: as a crash. `start` brings it back in the same folder. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** The server to test against: QFLEET_REDIS_SERVER, one on PATH, or the one that set-up brought. */
function findServer(): string {
  const cache = process.env['QFLEET_CACHE_DIR'] ?? join(homedir(), '.cache', 'qfleet');
  const onPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => [join(folder, 'redis-server'), join(folder, 'valkey-server')]);
  const candidates = [
    process.env['QFLEET_REDIS_SERVER'],
    ...onPath,
    ...globSync(join(cache, 'redis', '*', 'bin', '*-server')),
  ];
  for (const file of candidates) {
    if (!file) continue;
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not there: try the next.
    }
  }
  throw new Error('These tests need a redis-server: run the set-up, or name one in QFLEET_REDIS_SERVER.');
}

/** Whether that server was built with TLS: told to use it without a certificate, it asks for one. */
export function hasTls(): boolean {
  const { stdout } = spawnSync(findServer(), ['--port', '0', '--tls-port', '1'], { encoding: 'utf8' });
  return stdout.includes('No tls-cert-file configured');
}

/**
 * Starts a Redis of the caller's own on a Unix socket; it keeps nothing on disk unless `options` say so.
 * @param options of redis-server, as on its command line.
 */
export async function startRedis(...options: string[]): Promise<TestRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'qfleet-redis-'));
  const socket = join(folder, 'redis.sock');
  const server = findServer();
  let child: ChildProcess;

  async function start(): Promise<void> {
    const defaults = [
      '--port',
      '0',
      '--unixsocket',
      socket,
      '--dir',
      folder,
      '--save',
      '',
      '--daemonize',
      'no',
    ];
    child = spawn(server, [...defaults, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
    let log = '';
    child.stdout!.on('data', (text) => {
      log += text;
    });
    for (let tries = 0; tries < 1_500; tries++) {
      if (child.exitCode !== null) break;
      if (await answers(socket)) return;
      await sleep(20);
    }
    throw new Error(`${server} did not start:\n${log}`);
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  await start();
  return {
    socket,
    folder,
    start,
    hang: () => void child.kill('SIGSTOP'),
    kill: () => end('SIGKILL'),
    async stop() {
      await end('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Whether a server on `socket` answers PING (not while it still loads its data). */
function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.setTimeout(1000, () => connection.destroy());
    connection.on('connect', () => connection.write('PING\r\n'));
    connection.on('data', (reply) => {
      // With the users of infra/redis/credentials.sh only who has a name may ask.
      if (reply.toString().startsWith('-NOAUTH')) {
        connection.write('AUTH health any\r\nPING\r\n');
      } else if (reply.toString() !== '+OK\r\n') {
        resolve(reply.toString().endsWith('+PONG\r\n'));
        connection.destroy();
      }
    });
    connection.on('error', () => resolve(false));
    connection.on('close', () => resolve(false));
  });
}
