import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { durationMs, infra, type Service } from './compose.ts';
import type { Image } from './dockerfile.ts';

/** What an engine gives a service that names none. */
const GRACE = '10s';
/** An engine's pauses before it starts a container again: doubled each time, up to a minute. */
const FIRST_PAUSE_MS = 100;
const LAST_PAUSE_MS = 60_000;

export interface ContainerOptions {
  /** This container's name among those of the service: `actor-2`. */
  readonly name: string;
  readonly service: Service;
  readonly image: Image;
  /** Holds the volumes. */
  readonly volumes: string;
  /** A file for `/etc/hosts`. */
  readonly hosts: string;
  /** The network namespace, as a path. */
  readonly network: string;
}

/**
 * A container of a service without an engine: a process in its image's root, read-only where the compose file says so,
 * with its volumes, user, environment and command; process 1 of a namespace of its own, without capabilities. It is
 * started again as the service's restart policy says.
 */
export class Container {
  readonly name: string;
  /** What all its lives have printed. */
  output = '';
  /** How often it was started again. */
  restarts = 0;
  /** The largest resident memory, in MiB, that any life of it was seen with. */
  peakMiB = 0;
  /** The exit code of its last life (128 + N: ended by signal N), once it is not to be started again. */
  readonly ended: Promise<number>;
  readonly #options: ContainerOptions;
  #pid: number | null = null;
  #stopping = false;
  readonly #first: Promise<void>;

  private constructor(options: ContainerOptions) {
    this.name = options.name;
    this.#options = options;
    let begun: () => void;
    this.#first = new Promise((resolve) => {
      begun = resolve;
    });
    this.ended = this.#live(() => begun());
  }

  /** @throws where it could not be started. */
  static async start(options: ContainerOptions): Promise<Container> {
    const container = new Container(options);
    await Promise.race([container.#first, container.ended]);
    return container;
  }

  /** SIGTERM and, where it does not end in its service's grace period, SIGKILL: as `docker stop`. */
  async stop(): Promise<{ readonly code: number; readonly ms: number }> {
    const from = performance.now();
    this.#stopping = true;
    this.signal('SIGTERM');
    const killer = setTimeout(
      () => this.signal('SIGKILL'),
      durationMs(this.#options.service.stop_grace_period ?? GRACE),
    );
    const code = await this.ended;
    clearTimeout(killer);
    return { code, ms: performance.now() - from };
  }

  /** SIGKILL, and nothing more: what the kernel does to a process that takes too much memory. */
  kill(): void {
    this.signal('SIGKILL');
  }

  /** Sends a signal to its process, if one lives. */
  signal(name: NodeJS.Signals): void {
    if (this.#pid === null) return;
    this.measure();
    try {
      process.kill(this.#pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  /** Notes the memory of the process that lives now. */
  measure(): void {
    if (this.#pid === null) return;
    try {
      const status = readFileSync(`/proc/${this.#pid}/status`, 'utf8');
      this.peakMiB = Math.max(this.peakMiB, Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024);
    } catch {
      // It has just ended.
    }
  }

  /** Runs a command beside its process, as `docker exec`. @returns the exit code and what it printed. */
  async exec(command: readonly string[]): Promise<{ readonly code: number; readonly output: string }> {
    const { child } = await this.#spawn(command);
    let output = '';
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (piece: string) => {
        output += piece;
      });
    }
    const [code] = await once(child, 'close');
    return { code, output };
  }

  async #live(onStarted: () => void): Promise<number> {
    const { service, image } = this.#options;
    const command = [
      ...(service.entrypoint ?? image.entrypoint),
      ...(service.command ?? (service.entrypoint ? [] : image.command)),
    ].map(String);
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LAST_PAUSE_MS)) {
      const { child, pid } = await this.#spawn(command);
      this.#pid = pid;
      for (const stream of [child.stdout!, child.stderr!]) {
        stream.setEncoding('utf8').on('data', (piece: string) => {
          this.output += piece;
        });
      }
      onStarted();
      // Bubblewrap ends with the code of the process in it, 128 + N where signal N ended that.
      const [code] = (await once(child, 'close')) as [number];
      this.#pid = null;
      const again = service.restart === 'on-failure' ? code !== 0 : service.restart === 'unless-stopped';
      if (this.#stopping || !again) return code;
      await sleep(pause);
      this.restarts++;
    }
  }

  async #spawn(command: readonly string[]): Promise<{ child: ChildProcess; pid: number }> {
    const { name, service, image, hosts, network } = this.#options;
    const [user, group = user] = (service.user ?? image.user).split(':');
    const environment = { ...image.environment, ...service.environment };
    const child = spawn(
      'nsenter',
      [
        ...[`--net=${network}`, 'bwrap', '--info-fd', '3', '--die-with-parent'],
        ...[service.read_only ? '--ro-bind' : '--bind', image.root, '/'],
        ...['--dev', '/dev', '--proc', '/proc', '--ro-bind', hosts, '/etc/hosts'],
        ...(service.tmpfs ?? []).flatMap((path) => ['--perms', '1777', '--tmpfs', path]),
        ...(service.volumes ?? []).flatMap((volume) => this.#mount(volume)),
        ...['--unshare-pid', '--as-pid-1', '--unshare-uts', '--hostname', service.hostname ?? name],
        ...['--chdir', image.workdir, '--clearenv'],
        ...Object.entries(environment).flatMap(([key, value]) => ['--setenv', key, String(value)]),
        ...['--', 'setpriv', '--reuid', user, '--regid', group, '--clear-groups', '--no-new-privs'],
        ...(user === '0' ? [] : ['--bounding-set=-all', '--inh-caps=-all']),
        ...command,
      ],
      { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] },
    );
    // The id of the process within, as the outside knows it. Bubblewrap closes its side once all is written.
    let info = '';
    for await (const piece of child.stdio[3] as Readable) info += piece;
    if (info === '') throw new Error(`${name} did not start: ${await text(child.stderr!)}`);
    return { child, pid: JSON.parse(info)['child-pid'] };
  }

  /** A volume, new with the owner that its mount point has in the image, or a path of the checkout. */
  #mount(volume: string): string[] {
    const { image, volumes } = this.#options;
    const [source, target, mode] = volume.split(':');
    const place = join(image.root, target);
    const bind = mode === 'ro' ? '--ro-bind' : '--bind';
    // An engine makes the mount point.
    if (/^[./]/.test(source)) {
      const path = resolve(fileURLToPath(infra), source);
      mkdirSync(dirname(place), { recursive: true });
      if (statSync(path).isDirectory()) mkdirSync(place, { recursive: true });
      else writeFileSync(place, '', { flag: 'a' });
      return [bind, path, target];
    }
    mkdirSync(place, { recursive: true });
    const folder = join(volumes, source);
    try {
      mkdirSync(folder);
      execFileSync('chown', ['--reference', place, folder]);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    return [bind, folder, target];
  }
}
