import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ComposeFile, durationMs } from './compose.ts';
import { Container } from './container.ts';
import type { Image } from './dockerfile.ts';

/**
 * Does with a compose file what `docker compose up` does, without an engine: starts services once what they depend on
 * is as they ask, checks their health as the file says, and scales them. All containers share one network, apart from
 * this machine's, in which a service's name means the loopback address.
 */
export class Engine {
  readonly #compose: ComposeFile;
  readonly #images: (service: string) => Image;
  readonly #folder: string;
  readonly #network: { readonly holder: ChildProcess; readonly path: string };
  readonly #services = new Map<string, Promise<Container[]>>();
  readonly #containers: Container[] = [];
  /** The services in the order in which they were started. */
  readonly order: string[] = [];

  private constructor(
    compose: ComposeFile,
    images: (service: string) => Image,
    folder: string,
    network: { readonly holder: ChildProcess; readonly path: string },
  ) {
    this.#compose = compose;
    this.#images = images;
    this.#folder = folder;
    this.#network = network;
  }

  /**
   * @param images the image of each service that will be started.
   * @param folder holds the volumes.
   */
  static async open(
    compose: ComposeFile,
    images: (service: string) => Image,
    folder: string,
  ): Promise<Engine> {
    mkdirSync(join(folder, 'volumes'), { recursive: true });
    const names = Object.keys(compose.services).join(' ');
    writeFileSync(join(folder, 'hosts'), `127.0.0.1 localhost ${names}\n`);
    return new Engine(compose, images, folder, await openNetwork());
  }

  /** What was written of a volume. */
  volume(name: string): string {
    return join(this.#folder, 'volumes', name);
  }

  /** Starts a service, as many containers as the file says, after what it depends on; does nothing where it runs. */
  up(name: string): Promise<Container[]> {
    const running = this.#services.get(name);
    if (running) return running;
    const started = this.#up(name);
    this.#services.set(name, started);
    return started;
  }

  async #up(name: string): Promise<Container[]> {
    const { depends_on: needs = {}, deploy } = this.#compose.services[name];
    await Promise.all(Object.entries(needs).map(([need, { condition }]) => this.#await(need, condition)));
    this.order.push(name);
    const containers: Container[] = [];
    for (let index = 1; index <= (deploy?.replicas ?? 1); index++)
      containers.push(await this.#run(name, index));
    return containers;
  }

  /** Starts or stops containers of a service, as `--scale`: the newest go first. @returns those that were stopped. */
  async scale(name: string, count: number): Promise<{ container: Container; code: number; ms: number }[]> {
    const containers = await this.up(name);
    while (containers.length < count) containers.push(await this.#run(name, containers.length + 1));
    return Promise.all(
      containers.splice(count).map(async (container) => ({ container, ...(await container.stop()) })),
    );
  }

  /** What a GET answers within the network. */
  get(url: string): string {
    const script = `process.stdout.write(await (await fetch(${JSON.stringify(url)})).text())`;
    const args = [`--net=${this.#network.path}`, process.execPath, '--input-type=module', '--eval', script];
    return execFileSync('nsenter', args, { encoding: 'utf8' });
  }

  /** Notes the memory of every container now; @returns the most that each was ever seen with. */
  measure(): Container[] {
    for (const container of this.#containers) container.measure();
    return this.#containers;
  }

  /** Stops what runs, and the network. */
  async close(): Promise<void> {
    for (const container of this.#containers) void container.stop();
    for (const container of this.#containers) container.kill();
    await Promise.all(this.#containers.map(({ ended }) => ended));
    this.#network.holder.kill('SIGKILL');
  }

  async #run(service: string, index: number): Promise<Container> {
    const container = await Container.start({
      name: `${service}-${index}`,
      service: this.#compose.services[service],
      image: this.#images(service),
      volumes: join(this.#folder, 'volumes'),
      hosts: join(this.#folder, 'hosts'),
      network: this.#network.path,
    });
    this.#containers.push(container);
    return container;
  }

  async #await(name: string, condition: string): Promise<void> {
    const [container] = await this.up(name);
    if (condition === 'service_completed_successfully') {
      const code = await container.ended;
      if (code !== 0) throw new Error(`${name} ended with code ${code}: ${container.output}`);
    } else if (condition === 'service_healthy') {
      await this.#healthy(name, container);
    }
  }

  /** Waits until the service's own check says so. @throws where it would be taken for unhealthy. */
  async #healthy(name: string, container: Container): Promise<void> {
    const check = this.#compose.services[name].healthcheck!;
    const [kind, ...words] = check.test;
    const command = kind === 'CMD-SHELL' ? ['/bin/sh', '-c', ...words] : words;
    const from = performance.now();
    for (let failures = 0; ; ) {
      const { code, output } = await container.exec([
        'timeout',
        `${durationMs(check.timeout) / 1000}`,
        ...command,
      ]);
      if (code === 0) return;
      // Failures at the start do not count.
      if (performance.now() - from > durationMs(check.start_period)) failures++;
      if (failures >= check.retries) {
        throw new Error(`${container.name} is not healthy: ${output}\nIts log:\n${container.output}`);
      }
      await sleep(durationMs(check.interval));
    }
  }
}

/**
 * A network namespace with nothing but a loopback interface that is up. A process holds it: the shell that prints its
 * id runs within, after bubblewrap brought the interface up.
 */
async function openNetwork(): Promise<{ holder: ChildProcess; path: string }> {
  const holder = spawn(
    'bwrap',
    [
      ...['--dev-bind', '/', '/', '--unshare-net', '--die-with-parent'],
      ...['sh', '-c', 'echo $$; exec sleep infinity'],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let printed = '';
  for await (const piece of holder.stdout as Readable) {
    printed += piece;
    if (printed.endsWith('\n')) return { holder, path: `/proc/${printed.trim()}/ns/net` };
  }
  throw new Error('bubblewrap could not make a network namespace.');
}
