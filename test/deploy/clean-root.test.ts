import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, globSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyRoot, machineEnvironment } from './support/clean-root.ts';
import { readCompose } from './support/compose.ts';
import { type Container, Containers, graceMs } from './support/containers.ts';
import { type Image, ImageBuilder } from './support/dockerfile.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
// A run that nothing but its budget ends.
const compose = readCompose('docker-compose.yml', { QFLEET_CONFIG: 'acrobot', QFLEET_RUN: 'deployed' });
const folder = mkdtempSync(join(tmpdir(), 'qfleet-deploy-'));
// The services' users pass through it.
chmodSync(folder, 0o755);
const builder = new ImageBuilder(folder, checkout);

/** In place of the official image, which no engine can fetch here: Debian's own Redis. */
function redisImage(): Image {
  const { root: base, ...rest } = builder.build('process');
  const root = join(folder, 'redis-image');
  mkdirSync(root);
  copyRoot(base, root);
  const install = 'apt-get update -qq && apt-get install -qq -y --no-install-recommends redis-server';
  execFileSync(
    'chroot',
    [root, 'sh', '-c', `${install} && chown 999:999 /var/lib/redis && mkdir -p /data && chown 999:999 /data`],
    {
      env: { ...rest.environment, ...machineEnvironment(), DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  return { ...rest, root, workdir: '/data' };
}

const sizeOf = (path: string): number =>
  Number(execFileSync('du', ['-sm', path], { encoding: 'utf8' }).split('\t')[0]);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the Dockerfile’s steps in a clean Debian', () => {
  it.each(['actor', 'evaluator', 'exporter'])('make a small %s, without TensorFlow', (target) => {
    const { root, user, command } = builder.build(target);
    expect(user).toBe('1000:1000');
    expect(command).toEqual(['node', 'dist/main.js']);
    expect(globSync('**/libtensorflow*', { cwd: root })).toEqual([]);
    expect(sizeOf(join(root, 'app'))).toBeLessThan(150);
  });

  it('make a learner that computes on its own libtensorflow', () => {
    const { root, environment } = builder.build('learner');
    expect(globSync('opt/qfleet/tensorflow/*/tensorflow/libtensorflow_cc.so.2', { cwd: root })).toHaveLength(
      1,
    );
    expect(globSync('opt/qfleet/tensorflow/*/tensorflow/include', { cwd: root })).toEqual([]);
    expect(environment).toMatchObject({ QFLEET_TENSOR: 'cpu', NODE_ENV: 'production' });
  });
});

describe('the services of the compose file', () => {
  const images: Record<string, Image> = {};
  let containers: Containers;

  beforeAll(async () => {
    images['redis'] = redisImage();
    images['credentials'] = images['redis'];
    for (const name of ['learner', 'actor', 'evaluator', 'exporter']) {
      images[name] = builder.build(compose.services[name].build!.target);
    }
    containers = await Containers.open(compose, (name) => images[name], join(folder, 'volumes'));
  }, 600_000);

  afterAll(() => containers?.close());

  const metric = (pattern: RegExp): number =>
    Number(pattern.exec(containers.get('http://127.0.0.1:9464/metrics'))?.[1] ?? Number.NaN);
  const actors = (): number => metric(/^qfleet_fleet_processes\{.*role="actor".*\} (\d+)$/m);
  const busy = (): number =>
    [
      ...containers.get('http://127.0.0.1:9464/metrics').matchAll(/^qfleet_actor_slots\{.*\} (\d+)$/gm),
    ].filter(([, slots]) => slots !== '0').length;
  const updates = (): number => metric(/^qfleet_learner_position_updates\{.*\} (\d+)$/m);

  /** As `docker stop`: SIGTERM, and whether it ended in its time. */
  async function stop(container: Container): Promise<number | null | 'killed'> {
    const grace = graceMs(compose.services[container.service]);
    container.signal('SIGTERM');
    const timer = new Promise<'killed'>((resolve) => setTimeout(resolve, grace, 'killed').unref());
    return Promise.race([container.ended, timer]);
  }

  it('start by health, scale from 1 actor to 4 to 2, and drain in their time', {
    timeout: 300_000,
  }, async () => {
    const credentials = await containers.start('credentials');
    expect(await credentials.ended, credentials.output.text).toBe(0);
    const redis = await containers.start('redis');
    await expect.poll(() => containers.isHealthy('redis'), { timeout: 30_000 }).toBe(true);

    const learner = await containers.start('learner');
    const evaluator = await containers.start('evaluator');
    const exporter = await containers.start('exporter');
    await expect.poll(() => containers.isHealthy('exporter'), { timeout: 60_000 }).toBe(true);
    const fleet = [await containers.start('actor')];
    const patient = { timeout: 60_000, interval: 500 };
    await expect.poll(actors, patient).toBe(1);
    await expect.poll(updates, patient).toBeGreaterThan(0);

    while (fleet.length < 4) fleet.push(await containers.start('actor'));
    await expect.poll(actors, patient).toBe(4);
    await expect.poll(busy, patient).toBe(4);
    for (const actor of fleet.splice(2)) expect(await stop(actor), actor.output.text).toBe(0);
    await expect.poll(actors, patient).toBe(2);
    const before = updates();
    await expect.poll(updates, patient).toBeGreaterThan(before);

    // Killed as by a lack of memory: the next life has the same process id, and takes the run over.
    learner.signal('SIGKILL');
    await learner.ended;
    const second = await containers.start('learner');
    await expect.poll(() => second.output.text, patient).toMatch(/Training from update [1-9]/);

    for (const container of [second, ...fleet, evaluator, exporter, redis]) {
      expect(await stop(container), `${container.service}: ${container.output.text}`).toBe(0);
    }
    // Append-only file, checkpoints and nothing else outlive the containers.
    expect(globSync('redis/appendonlydir/*.aof', { cwd: join(folder, 'volumes') }).length).toBeGreaterThan(0);
    expect(globSync('runs/deployed/checkpoints/*', { cwd: join(folder, 'volumes') }).length).toBeGreaterThan(
      0,
    );
  });

  it('cannot read each other’s passwords', () => {
    const volume = join(folder, 'volumes', 'credentials');
    for (const role of ['learner', 'actor', 'evaluator', 'exporter']) {
      const user = compose.services[role].user!.split(':')[0];
      const read = (file: string) =>
        spawnSync('setpriv', ['--reuid', user, '--clear-groups', 'cat', join(volume, file)]).status;
      expect(read(role)).toBe(0);
      expect(read(role === 'actor' ? 'learner' : 'actor')).not.toBe(0);
      expect(read('users.acl')).not.toBe(0);
    }
  });
});
