import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { build, makeBaseImages } from './support/base-images.ts';
import { infra, readCompose } from './support/compose.ts';
import { composeCommand, Docker } from './support/docker.ts';
import { filesOf, Project } from './support/project.ts';

const PROCESSES = ['learner', 'actor', 'evaluator', 'exporter'];
// Nothing here has an image of Grafana to offer.
const SERVICES = ['credentials', 'redis', ...PROCESSES, 'prometheus'];
const patient = { timeout: 180_000, interval: 1000 };

const problem = await Docker.problem();

if (problem !== null) console.warn(`No container engine runs here: ${problem}. See clean-root.test.ts.`);

describe.skipIf(problem !== null)('the compose file on a container engine', () => {
  let engine: Docker;
  let project: Project;

  beforeAll(async () => {
    engine = (await Docker.start()) as Docker;
    const { folder } = engine;
    const compose = readCompose('docker-compose.yml');
    makeBaseImages(engine, compose, compose.services['learner'].build!.args!['NODE_IMAGE']);
    const config = join(folder, 'configurations');
    mkdirSync(config);
    const checkout = fileURLToPath(new URL('../..', import.meta.url));
    cpSync(join(checkout, 'packages/env-host/test/fixtures/catch.ts'), join(config, 'catch.ts'));
    // A run that nothing ends.
    writeFileSync(
      join(config, 'catch.yaml'),
      [
        'environment: { id: Catch-v0, module: ./catch.ts }',
        'agent: { kind: dqn, network: { kind: mlp, hidden: [64, 64] } }',
        'replay: { capacity: 100000, minSize: 1000, samplesPerInsert: 32 }',
        'fleet: { slots: 32, slotsPerLease: 2, slotsPerActor: 8 }',
        'stop: { maxUpdates: 1000000000 }',
      ].join('\n'),
    );
    // A game of Python's, with a network that two cores train.
    writeFileSync(
      join(config, 'pong.yaml'),
      [
        'environment: { id: ALE/Pong-v5, frameStack: 4 }',
        'agent: { kind: dqn, batchSize: 16, rewardClip: 1, network: { kind: nature-cnn, hidden: [32] } }',
        'replay: { capacity: 5000, minSize: 500, samplesPerInsert: 1 }',
        'evaluation: { every: 1000000 }',
        'fleet: { slots: 16, slotsPerLease: 4, slotsPerActor: 8 }',
        'stop: { maxUpdates: 1000000000 }',
      ].join('\n'),
    );
    // The way to package registries may lead over this machine's own loopback address.
    const onHost = { build: { network: 'host' } };
    const override = join(folder, 'override.json');
    writeFileSync(
      override,
      JSON.stringify({ services: Object.fromEntries(PROCESSES.map((name) => [name, onHost])) }),
    );
    const cache = join(process.env['QFLEET_CACHE_DIR'] ?? join(homedir(), '.cache', 'qfleet'), 'compose');
    const files = filesOf(new URL('docker-compose.yml', infra), override);
    project = new Project(engine, [...composeCommand(cache), ...files], {
      QFLEET_RUN: 'solving',
      QFLEET_CONFIG_DIR: config,
      PROMETHEUS_PORT: '0',
      ACTORS: '1',
    });
    project.compose('build', ...PROCESSES);
  }, 1_800_000);

  afterAll(() => engine.stop(), 120_000);

  /** The sum of the series that match, at the exporter; NaN where there is none. */
  const total = (series: string): number => {
    const text = project.get('http://127.0.0.1:9464/metrics');
    const values = [...text.matchAll(new RegExp(`^${series}\\{.*\\} (\\S+)$`, 'gm'))].map(
      ([, value]) => +value,
    );
    return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0);
  };
  const updates = (): number => total('qfleet_learner_position_updates');
  const slots = (): number => total('qfleet_actor_slots');
  const goesOn = async (): Promise<void> => {
    // Its first reading may be an old one, of before what the test just did.
    const lives = project.containers('learner').map(({ State }) => State.StartedAt);
    expect(lives).toHaveLength(1);
    await expect.poll(updates, patient).toBeGreaterThan(0);
    const before = updates();
    await expect.poll(updates, patient).toBeGreaterThan(before + 100);
  };
  const startsOf = (...services: readonly string[]): Record<string, string> =>
    Object.fromEntries(project.containers(...services).map(({ Name, State }) => [Name, State.StartedAt]));
  const stateOf = (service: string) =>
    project.containers(service).map(({ State: { Status, ExitCode } }) => ({ Status, ExitCode }));
  /** What the services have printed, where a test fails. */
  const showLogs = (): void =>
    onTestFailed(() => {
      console.error(project.compose('ps', '--all'));
      console.error(project.compose('logs', '--no-color', '--tail', '40'));
    });
  const up = (): string => project.compose('up', '--detach', '--no-build', ...SERVICES);

  it.each(PROCESSES)('has an image of the %s that is small, and has TensorFlow if it is to learn', (name) => {
    const look =
      "du -sm /app | cut -f1; find /app /opt ! -type d \\( -name 'libtensorflow*' -o -name 'tfjs_binding.node' \\)";
    const image = ['run', '--rm', '--network', 'none', `qfleet-${name}:latest`, 'sh', '-c', look];
    const [megabytes, ...native] = engine.run(image).trim().split('\n');
    expect(Number(megabytes)).toBeLessThan(name === 'learner' ? 250 : 100);
    expect(native.length > 0).toBe(name === 'learner');
  });

  it('trains CartPole until it is solved: then the processes end, and stay down', async () => {
    showLogs();
    up();
    const over = { Status: 'exited', ExitCode: 0 };
    for (const service of ['learner', 'actor', 'evaluator'])
      await expect.poll(() => stateOf(service), { ...patient, timeout: 600_000 }).toEqual([over]);
    expect(stateOf('exporter')).toEqual([{ Status: 'running', ExitCode: 0 }]);
    expect(project.containers('learner')[0].RestartCount).toBe(0);
    expect(project.compose('logs', '--no-color', 'learner')).toMatch(/Finished: solved/);
    project.compose('cp', 'learner:/runs', engine.folder);
    expect(readdirSync(join(engine.folder, 'runs/solving/checkpoints'))).not.toEqual([]);
    project.compose('down');
  });

  it('scales from 1 actor to 4 to 2 under a run that goes on', async () => {
    showLogs();
    project.variables['QFLEET_RUN'] = 'lasting';
    project.variables['QFLEET_CONFIG'] = '/config/catch.yaml';
    up();
    await expect.poll(slots, patient).toBe(8);
    await goesOn();
    for (const [actors, held] of [
      [4, 32],
      [2, 16],
    ]) {
      project.variables['ACTORS'] = `${actors}`;
      up();
      await expect.poll(slots, patient).toBe(held);
      await goesOn();
    }
  });

  it.each(PROCESSES)(
    'starts the %s again that was killed, and that was told to end from within',
    async (service) => {
      showLogs();
      for (const end of [() => project.crash(service), () => project.terminate(service)]) {
        const before = startsOf(service);
        end();
        // Where there are several, a signal from within reaches the first.
        await expect.poll(() => startsOf(service), patient).not.toEqual(before);
        const running = Object.keys(before).map(() => ({ Status: 'running', ExitCode: 0 }));
        await expect.poll(() => stateOf(service), patient).toEqual(running);
        await expect.poll(slots, patient).toBe(16);
        await goesOn();
      }
    },
  );

  it.each(['redis', 'prometheus'])('starts %s again, and nothing else for it', async (service) => {
    showLogs();
    for (const end of [() => project.crash(service), () => project.terminate(service)]) {
      const others = startsOf(...PROCESSES);
      const before = startsOf(service);
      end();
      await expect.poll(() => startsOf(service), patient).not.toEqual(before);
      await expect.poll(() => project.containers(service)[0].State.Health?.Status, patient).toBe('healthy');
      await goesOn();
      expect(startsOf(...PROCESSES)).toEqual(others);
    }
  });

  it('is seen by Prometheus, and by the engine as healthy', async () => {
    showLogs();
    const scraped = () =>
      JSON.parse(project.get('http://prometheus:9090/api/v1/query?query=up') || '{}').data?.result?.[0]
        ?.value[1];
    await expect.poll(scraped, patient).toBe('1');
    for (const service of [...PROCESSES, 'redis', 'prometheus'])
      for (const health of project.containers(service).keys())
        await expect
          .poll(() => project.containers(service)[health].State.Health?.Status, patient)
          .toBe('healthy');
  });

  it('goes down, and on from its volumes when it comes up again', async () => {
    showLogs();
    const before = updates();
    project.compose('down');
    expect(project.containers()).toEqual([]);
    up();
    await expect.poll(slots, patient).toBe(16);
    await goesOn();
    expect(project.compose('logs', '--no-color', 'learner')).toMatch(/Training from update [1-9]/);
    expect(updates()).toBeGreaterThan(before);
  });

  it('gets other images under a run that goes on', async () => {
    showLogs();
    const before = {
      updates: updates(),
      images: project.containers(...PROCESSES).map(({ Image }) => Image),
    };
    for (const name of PROCESSES)
      build(engine, `qfleet-${name}:next`, [`FROM qfleet-${name}:latest`, 'LABEL next=yes']);
    project.variables['QFLEET_TAG'] = 'next';
    up();
    await expect.poll(slots, patient).toBe(16);
    await goesOn();
    const images = project.containers(...PROCESSES).map(({ Image }) => Image);
    expect(images).toHaveLength(before.images.length);
    for (const image of images) expect(before.images).not.toContain(image);
    expect(updates()).toBeGreaterThan(before.updates);
    expect(project.compose('logs', '--no-color', 'learner')).toMatch(/Training from update [1-9]/);
  });

  it('ends within its grace periods when the engine stops it, and nothing was beyond its memory', () => {
    showLogs();
    project.compose('stop');
    for (const { Name, State } of project.containers()) {
      expect(State, Name).toMatchObject({ Status: 'exited', OOMKilled: false });
      // 137: killed when its grace period was over.
      expect(State.ExitCode, Name).not.toBe(137);
    }
  });

  it('trains Pong in images that are built for Gymnasium, within the same limits', async () => {
    showLogs();
    project.compose('down');
    Object.assign(project.variables, { ENVIRONMENTS: 'gymnasium', QFLEET_TAG: 'gymnasium' });
    Object.assign(project.variables, { QFLEET_RUN: 'pong', QFLEET_CONFIG: '/config/pong.yaml', ACTORS: '2' });
    project.compose('build', ...PROCESSES);
    up();
    await expect.poll(slots, patient).toBe(16);
    await expect.poll(updates, patient).toBeGreaterThan(10);
    expect(project.containers('actor').map(({ RestartCount }) => RestartCount)).toEqual([0, 0]);
    project.compose('stop');
    for (const { Name, State } of project.containers())
      expect(State, Name).toMatchObject({ Status: 'exited', OOMKilled: false });
  });
});
