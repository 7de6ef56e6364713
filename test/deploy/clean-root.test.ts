import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitCodes } from '@qfleet/fleet';
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { durationMs, readCompose, sizeBytes } from './support/compose.ts';
import { Docker } from './support/docker.ts';
import { debianImage, type Image, ImageBuilder } from './support/dockerfile.ts';
import { Engine } from './support/engine.ts';

// Where an engine runs, docker.test.ts does all this, and more, with that.
const hasEngine = (await Docker.problem()) === null;

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'qfleet-deploy-'));
// The services' users pass through it.
chmodSync(folder, 0o755);
const builder = new ImageBuilder(folder, checkout);

const sizeOf = (path: string): number =>
  Number(execFileSync('du', ['-sm', path], { encoding: 'utf8' }).split('\t')[0]);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(hasEngine)('the Dockerfile’s steps in a clean Debian', () => {
  it.each(['actor', 'evaluator', 'exporter'])('make a small %s, without TensorFlow', (target) => {
    const { root, user, command } = builder.build(target);
    expect(user).toBe('1000:1000');
    expect(command).toEqual(['node', 'dist/main.js']);
    const native = '**/{tfjs-node*,libtensorflow*,*.node}';
    expect(globSync(native, { cwd: join(root, 'app'), exclude: ['**/msgpackr*'] })).toEqual([]);
    expect(sizeOf(join(root, 'app'))).toBeLessThan(100);
  });

  it('make a learner that computes on its own libtensorflow', () => {
    const { root, environment } = builder.build('learner');
    const provisioned = join(root, 'opt/qfleet/tensorflow');
    expect(globSync('*/tensorflow/libtensorflow_cc.so.2', { cwd: provisioned })).toHaveLength(1);
    expect(globSync('*/tensorflow/include', { cwd: provisioned })).toEqual([]);
    expect(environment).toMatchObject({ QFLEET_TENSOR: 'cpu', NODE_ENV: 'production' });
  });
});

describe.skipIf(hasEngine)('the services of the compose file', () => {
  // A user’s folder: an environment of their own, and a run of it that nothing ends.
  const config = join(folder, 'config');
  const compose = readCompose('docker-compose.yml', {
    QFLEET_RUN: 'deployed',
    QFLEET_CONFIG: '/config/catch.yaml',
    QFLEET_CONFIG_DIR: config,
    ACTORS: '1',
  });
  const { services } = compose;
  const patient = { timeout: 60_000, interval: 500 };
  let engine: Engine;

  beforeAll(async () => {
    mkdirSync(config);
    cpSync(join(checkout, 'packages/env-host/test/fixtures/catch.ts'), join(config, 'catch.ts'));
    writeFileSync(
      join(config, 'catch.yaml'),
      [
        'environment: { id: Catch-v0, module: ./catch.ts }',
        'agent: { kind: dqn, network: { kind: mlp, hidden: [128, 128] } }',
        'replay: { capacity: 100000, minSize: 1000, samplesPerInsert: 32 }',
        'fleet: { slots: 16, slotsPerLease: 2, slotsPerActor: 4 }',
        'stop: { maxUpdates: 1000000000 }',
      ].join('\n'),
    );
    // No engine fetches the official images here: what Debian has of the same programs is in their place.
    const redis = debianImage(
      builder.build('process-native'),
      join(folder, 'redis-image'),
      ['redis-server'],
      {
        '/data': 999,
      },
    );
    const prometheus = debianImage(
      builder.build('process-native'),
      join(folder, 'prometheus-image'),
      ['prometheus', 'wget'],
      { '/prometheus': 65_534 },
    );
    const images: Record<string, Image> = {
      redis,
      credentials: redis,
      prometheus: { ...prometheus, entrypoint: ['prometheus'], user: '65534:65534' },
    };
    for (const name of ['learner', 'actor', 'evaluator', 'exporter']) {
      images[name] = builder.build(services[name].build!.target);
    }
    engine = await Engine.open(compose, (name) => images[name], folder);
  }, 1_200_000);

  afterAll(() => engine?.close());

  /** The values of the series that match, at the exporter. */
  const values = (series: string): number[] =>
    [...engine.get('http://127.0.0.1:9464/metrics').matchAll(new RegExp(`^${series} (\\S+)$`, 'gm'))].map(
      ([, value]) => Number(value),
    );
  const total = (series: string): number => values(series).reduce((sum, value) => sum + value, 0);
  const updates = (): number => total('qfleet_learner_position_updates\\{.*\\}');
  /** Actors, the slots that they hold, and the leases that nobody holds. */
  const fleet = () => ({
    actors: total('qfleet_fleet_processes\\{.*role="actor".*\\}'),
    slots: total('qfleet_actor_slots\\{.*\\}'),
    waiting: total('qfleet_queue_jobs\\{.*queue="rollouts",state="waiting".*\\}'),
  });
  /** The values of an expression's series, at Prometheus. */
  const query = (expression: string): string[] =>
    JSON.parse(
      engine.get(`http://127.0.0.1:9090/api/v1/query?query=${encodeURIComponent(expression)}`),
    ).data.result.map(({ value }: { value: [number, string] }) => value[1]);
  /** What the services have printed, where a test fails. */
  const showLogs = (): void =>
    onTestFailed(() => {
      for (const { name, output } of engine.measure()) console.error(`--- ${name}\n${output}`);
    });

  it('start in the order that the file asks for, by their own health checks', async () => {
    showLogs();
    const names = Object.keys(services).filter(
      (name) => name !== 'grafana' && services[name].profiles === undefined,
    );
    await Promise.all(names.map((name) => engine.up(name)));
    expect(engine.order.slice(0, 2)).toEqual(['credentials', 'redis']);
    expect(engine.order.at(-1)).toBe('prometheus');
    await expect.poll(fleet, patient).toEqual({ actors: 1, slots: 4, waiting: 6 });
    await expect.poll(updates, patient).toBeGreaterThan(0);
  });

  it('scale from 1 actor to 4 to 2: leases are taken up, and given back within the grace period', async () => {
    showLogs();
    await engine.scale('actor', 4);
    await expect.poll(fleet, patient).toEqual({ actors: 4, slots: 16, waiting: 0 });
    await expect.poll(() => query('qfleet_fleet_processes{role="actor"}'), patient).toEqual(['4']);

    const stopped = await engine.scale('actor', 2);
    for (const { container, code, ms } of stopped) {
      expect(code, container.output).toBe(exitCodes.stopped);
      expect(ms).toBeLessThan(durationMs(services['actor'].stop_grace_period!));
    }
    await expect.poll(fleet, patient).toEqual({ actors: 2, slots: 8, waiting: 4 });
    // What they had not handed over yet would have been counted.
    expect(total('qfleet_actor_dropped_transitions_total\\{.*\\}')).toBe(0);
    const before = updates();
    await expect.poll(updates, patient).toBeGreaterThan(before);
  });

  it('start a killed actor again, which takes its slots up', async () => {
    showLogs();
    const [actor] = await engine.up('actor');
    actor.kill();
    await expect.poll(() => actor.restarts, patient).toBe(1);
    await expect.poll(fleet, patient).toEqual({ actors: 2, slots: 8, waiting: 4 });
  });

  it('start a killed learner again, which goes on from its checkpoint', async () => {
    showLogs();
    const [learner] = await engine.up('learner');
    const checkpoints = () => globSync('deployed/checkpoints/*', { cwd: engine.volume('runs') });
    await expect.poll(checkpoints, patient).not.toEqual([]);
    learner.kill();
    await expect.poll(() => learner.output, patient).toMatch(/Training from update [1-9]/);
    const before = updates();
    await expect.poll(updates, patient).toBeGreaterThan(before);
  });

  it.each(['learner', 'actor', 'evaluator', 'exporter'])(
    'start a %s again that was told to stop',
    async (role) => {
      showLogs();
      const [container] = await engine.up(role);
      const { restarts } = container;
      container.signal('SIGTERM');
      await expect.poll(() => container.restarts, patient).toBe(restarts + 1);
      const before = updates();
      await expect.poll(updates, patient).toBeGreaterThan(before);
    },
  );

  it('are seen by Prometheus, which was there all the time', async () => {
    showLogs();
    expect(query('up{job="qfleet"}')).toEqual(['1']);
    await expect
      .poll(() => query('qfleet_fleet_process_restarts_total{role="learner"}'), patient)
      .toEqual(['1']);
  });

  it('stay within their memory limits, and end in order', async () => {
    showLogs();
    for (const { name, peakMiB } of engine.measure()) {
      const limit = services[name.replace(/-\d+$/, '')].deploy?.resources.limits.memory;
      if (limit !== undefined) expect(peakMiB, name).toBeLessThan(sizeBytes(limit) / 2 ** 20);
    }
    for (const name of ['learner', 'actor', 'evaluator', 'exporter', 'prometheus', 'redis']) {
      for (const { container, code, ms } of await engine.scale(name, 0)) {
        // The run goes on without its processes.
        const isOfFleet = !['prometheus', 'redis'].includes(name);
        expect(code, `${name}: ${container.output}`).toBe(isOfFleet ? exitCodes.stopped : 0);
        expect(ms, name).toBeLessThan(durationMs(services[name].stop_grace_period!));
      }
    }
    expect(globSync('appendonlydir/*.aof', { cwd: engine.volume('redis') })).not.toEqual([]);
  });

  it('cannot read each other’s passwords', () => {
    const volume = engine.volume('credentials');
    for (const role of ['learner', 'actor', 'evaluator', 'exporter']) {
      const user = services[role].user!.split(':')[0];
      const read = (file: string) =>
        spawnSync('setpriv', ['--reuid', user, '--clear-groups', 'cat', join(volume, file)]).status;
      expect(read(role)).toBe(0);
      expect(read(role === 'actor' ? 'learner' : 'actor')).not.toBe(0);
      expect(read('users.acl')).not.toBe(0);
    }
  });
});
