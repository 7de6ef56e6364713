import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { loadRunConfig } from '@qfleet/config';
import {
  connectRedis,
  createLogger,
  createRun,
  exitCodes,
  FleetReader,
  Heartbeats,
  setPhase,
} from '@qfleet/fleet';
import parse from 'parse-prometheus-text-format';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../../test/support/redis.ts';
import { FleetWatch } from '../src/fleet-watch.ts';
import { startServer } from '../src/server.ts';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const log = createLogger('silent');
const config = loadRunConfig({ preset: 'cartpole' });
const patient = { timeout: 20_000, interval: 100 };

let server: TestRedis;
let redis: Awaited<ReturnType<typeof connectRedis>>;
let exporters: ChildProcess[];

beforeEach(async () => {
  exporters = [];
  server = await startRedis();
  redis = await connectRedis(`unix://${server.socket}`, { role: 'supervisor' });
});

afterEach(async () => {
  for (const child of exporters) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  redis.disconnect();
  await server.stop();
});

function spawnExporter(env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [main], {
    env: {
      ...process.env,
      QFLEET_REDIS_URL: `unix://${server.socket}`,
      QFLEET_RUN: 'r1',
      QFLEET_EXPORTER_PORT: '0',
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  exporters.push(child);
  let text = '';
  child.stderr.on('data', (chunk) => {
    text += chunk;
  });
  return { child, stderr: () => text };
}

/** An exporter that serves: its address, and what it answers. */
async function startExporter(env: Record<string, string> = {}) {
  const { child, stderr } = spawnExporter(env);
  await expect.poll(stderr, patient).toMatch(/"port":\d+/);
  const port = Number(/"port":(\d+)/.exec(stderr())?.[1]);
  const get = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init);
  return {
    child,
    port,
    get,
    async health(): Promise<Record<string, unknown>> {
      const response = await get('/healthz');
      return { status: response.status, ...((await response.json()) as Record<string, unknown>) };
    },
    async metrics() {
      const families = parse(await (await get('/metrics')).text());
      return (name: string, labels: Record<string, string> = {}): number | undefined => {
        const found = families
          .find((family) => family.name === name)
          ?.metrics.find((m) => Object.entries(labels).every(([key, value]) => m.labels?.[key] === value));
        return found?.value === undefined ? undefined : Number(found.value);
      };
    },
  };
}

/** Heartbeats of an actor and a learner, as their processes send them. */
async function startFleet() {
  await createRun(redis, 'r1', config);
  await setPhase(redis, 'r1', 'running');
  const actor = new Heartbeats({
    redis,
    run: 'r1',
    role: 'actor',
    id: 'a1',
    name: null,
    measure: () => ({
      snapshot: {
        slots: 4,
        environmentSteps: 300,
        episodes: 9,
        epsilon: 0.25,
        weightsVersion: 5,
        transitionsBuffered: 0,
      },
      totals: { environmentSteps: 300, episodes: 9 },
    }),
    log,
  });
  const learner = new Heartbeats({
    redis,
    run: 'r1',
    role: 'learner',
    id: 'l1',
    name: null,
    measure: () => ({
      snapshot: {
        training: 1 as const,
        updates: 80,
        weightsVersion: 7,
        loss: 0.5,
        meanAbsTdError: 0.25,
        meanQ: 3,
        gradientNorm: 1,
      },
      totals: { updates: 80 },
    }),
    log,
  });
  await actor.start();
  await learner.start();
  return { actor, learner };
}

describe('the exporter', () => {
  it('serves before there is a run, shows the fleet when there is, and drops who has ended', async () => {
    const exporter = await startExporter();
    expect((await exporter.metrics())('qfleet_exporter_redis_up')).toBe(1);
    expect(await exporter.health()).toMatchObject({
      status: 503,
      ok: false,
      problem: 'Redis knows no run r1: no learner has created it yet, or it was lost.',
      redis: 'up',
    });

    const { actor, learner } = await startFleet();
    await expect.poll(async () => (await exporter.health()).status, patient).toBe(200);
    expect(await exporter.health()).toMatchObject({ phase: 'running', learner: 'training', actors: 1 });
    const shown = await exporter.metrics();
    expect(shown('qfleet_fleet_environment_steps_total', { run: 'r1' })).toBe(300);
    expect(shown('qfleet_learner_updates_total')).toBe(80);
    expect(shown('qfleet_learner_loss')).toBe(0.5);
    expect(shown('qfleet_actor_weights_staleness_versions', { actor: 'a1' })).toBe(2);
    expect(shown('qfleet_replay_capacity_transitions')).toBe(config.replay.capacity);

    await actor.stop();
    await learner.stop();
    await expect.poll(async () => (await exporter.health()).problem, patient).toBe('No learner is alive.');
    const left = await exporter.metrics();
    expect(left('qfleet_actor_epsilon')).toBeUndefined();
    expect(left('qfleet_learner_loss')).toBeUndefined();
    // What counts the run's whole life stays.
    expect(left('qfleet_fleet_environment_steps_total')).toBe(300);
    await setPhase(redis, 'r1', 'finished');
    await expect.poll(async () => (await exporter.health()).status, patient).toBe(200);
  });

  it('tells the fleet its port, and leaves cleanly', async () => {
    const { port, child, get } = await startExporter();
    await createRun(redis, 'r1', config);
    await get('/metrics');
    const reader = new FleetReader(redis, 'r1');
    const listed = async () =>
      (await reader.read())?.exporters.map((e) => ({ port: e.port, scrapes: e.scrapes }));
    await expect.poll(listed, patient).toEqual([{ port, scrapes: 1 }]);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([exitCodes.stopped, null]);
    expect(await listed()).toEqual([]);
    await reader.close();
  });

  it('keeps serving while Redis is away or silent, shows nothing old, and recovers', async () => {
    const { learner } = await startFleet();
    const exporter = await startExporter();
    const down = async () => {
      const value = await exporter.metrics();
      return [value('qfleet_exporter_redis_up'), value('qfleet_fleet_environment_steps_total')];
    };
    await expect.poll(down, patient).toEqual([1, 300]);

    const pid = Number(/process_id:(\d+)/.exec(await redis.info('server'))?.[1]);
    process.kill(pid, 'SIGSTOP');
    try {
      await expect
        .poll(() => exporter.health(), patient)
        .toMatchObject({
          status: 503,
          redis: 'down',
          problem: 'Redis cannot be read: Redis did not answer in 2 s.',
        });
      expect(await down()).toEqual([0, undefined]);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await expect.poll(down, patient).toEqual([1, 300]);

    await server.kill();
    await expect.poll(down, patient).toEqual([0, undefined]);
    expect(await exporter.health()).toMatchObject({ status: 503, redis: 'down', phase: null, learner: null });
    await server.start();
    await expect.poll(async () => (await down())[0], patient).toBe(1);
    await learner.stop();
    // With Redis away it still ends when it is told to.
    await server.kill();
    await expect.poll(async () => (await down())[0], patient).toBe(0);
    exporter.child.kill('SIGTERM');
    expect(await once(exporter.child, 'exit')).toEqual([exitCodes.stopped, null]);
  });

  it('cuts off those who take every connection and read nothing, and serves others', async () => {
    await startFleet();
    const reader = new FleetReader(redis, 'r1');
    const fleet = (await reader.read())!;
    const actors = Array.from({ length: 4_000 }, (_, i) => ({ ...fleet.actors[0], id: `a${i}` }));
    // More than a system's buffers take.
    const large = { ...fleet, actors };
    let readings = 0;
    const watch = new FleetWatch(
      async () => {
        readings++;
        return large;
      },
      () => true,
    );
    const exporter = await startServer({ host: '127.0.0.1', port: 0 }, 'r1', watch);
    const idle = Array.from({ length: 64 }, () => connect(exporter.port, '127.0.0.1').pause());
    const closed = idle.map((socket) =>
      once(
        socket.on('error', () => undefined),
        'close',
      ),
    );
    await Promise.all(idle.map((socket) => once(socket, 'connect')));
    for (const socket of idle) socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
    const status = () =>
      fetch(`http://127.0.0.1:${exporter.port}/metrics`).then(
        async (response) => ((await response.text()).includes('a3999') ? response.status : 'cut short'),
        () => 'refused',
      );
    await expect.poll(status, patient).toBe('refused');
    // Those who asked at once shared readings.
    expect(exporter.scrapes).toBe(64);
    expect(readings).toBeLessThan(32);
    await expect.poll(status, patient).toBe(200);
    for (const socket of idle) socket.resume();
    await Promise.all(closed);
    await exporter.close();
    await reader.close();
  });

  it('answers nothing else', async () => {
    const { get, port } = await startExporter();
    for (const path of ['/', '/metrics/', '/healthz/x', '/metrics%00', '/../metrics/..', '//metrics']) {
      expect((await get(path)).status, path).toBe(404);
    }
    expect((await get('/metrics?x=1')).headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect((await get('/metrics', { method: 'POST', body: 'x' })).status).toBe(405);
    const head = await get('/healthz', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([503, '']);
    // A target that no URL parser would take.
    const raw = request({ host: '127.0.0.1', port, path: 'http://[/metrics', method: 'GET' }).end();
    const [response] = await once(raw, 'response');
    expect(response.statusCode).toBe(404);
    response.resume();
  });

  it.each(['x', '-1', '65536'])('refuses the port %j', async (port) => {
    const { child, stderr } = spawnExporter({ QFLEET_EXPORTER_PORT: port });
    expect(await once(child, 'close')).toEqual([2, null]);
    expect(stderr()).toBe(
      `QFLEET_EXPORTER_PORT is ${JSON.stringify(port)}: give a port from 1 to 65535, or 0 for any that is free.\n`,
    );
  });

  it('says that a port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { child, stderr } = spawnExporter({ QFLEET_EXPORTER_PORT: String(port) });
    expect(await once(child, 'close')).toEqual([2, null]);
    expect(stderr()).toContain(`The exporter cannot serve on 127.0.0.1:${port} (the port is taken): set `);
    other.close();
  });
});
