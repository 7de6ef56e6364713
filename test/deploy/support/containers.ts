import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type ComposeFile, infra, type Service } from './compose.ts';
import type { Image } from './dockerfile.ts';

export interface Container {
  readonly service: string;
  /** What it has printed so far. */
  readonly output: { text: string };
  readonly ended: Promise<number | null>;
  /** To its first process, as an engine sends it. */
  signal(name: NodeJS.Signals): void;
}

/**
 * Runs services of a compose file without an engine: each container in its image's root, read-only where the file says
 * so, with its volumes, user, environment and command, process 1 of a namespace of its own. All share one network, in
 * which a service's name means this machine.
 */
export class Containers {
  readonly #compose: ComposeFile;
  readonly #images: (service: string) => Image;
  readonly #folder: string;
  readonly #network: ChildProcess;
  readonly #running = new Set<ChildProcess>();

  private constructor(
    compose: ComposeFile,
    images: (service: string) => Image,
    folder: string,
    network: ChildProcess,
  ) {
    this.#compose = compose;
    this.#images = images;
    this.#folder = folder;
    this.#network = network;
  }

  /**
   * @param folder holds the volumes.
   * @param images the image of each service that will be started.
   */
  static async open(
    compose: ComposeFile,
    images: (service: string) => Image,
    folder: string,
  ): Promise<Containers> {
    const names = Object.keys(compose.services).join(' ');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'hosts'), `127.0.0.1 localhost ${names}\n`);
    // Its network namespace, with nothing but a loopback interface that is up, is the one of all.
    const network = spawn('bwrap', [
      ...['--dev-bind', '/', '/', '--unshare-net', '--die-with-parent'],
      ...['sh', '-c', 'echo $$; exec sleep infinity'],
    ]);
    await once(network.stdout, 'data');
    return new Containers(compose, images, folder, network);
  }

  /** Starts a container of a service, with its own command. */
  async start(name: string): Promise<Container> {
    const service = this.#compose.services[name];
    const image = this.#images(name);
    const command = [...(service.entrypoint ?? []), ...(service.command ?? [])].map(String);
    const { child, pid } = await this.#spawn(
      name,
      command.length > 0 ? command : image.command,
      service.hostname ?? name,
    );
    const output = { text: '' };
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output.text += text;
      });
    }
    this.#running.add(child);
    const ended = once(child, 'close').then(([code]) => {
      this.#running.delete(child);
      return code as number | null;
    });
    return { service: name, output, ended, signal: (signal) => void process.kill(pid, signal) };
  }

  /** Runs the service's own health check once. */
  async isHealthy(name: string): Promise<boolean> {
    const [kind, ...words] = this.#compose.services[name].healthcheck!.test;
    const command = kind === 'CMD-SHELL' ? ['/bin/sh', '-c', ...words] : words;
    const { child } = await this.#spawn(name, command, name);
    child.stdout!.resume();
    child.stderr!.resume();
    const [code] = await once(child, 'close');
    return code === 0;
  }

  /** What a GET answers within the network. */
  get(url: string): string {
    const script = `process.stdout.write(await (await fetch(${JSON.stringify(url)})).text())`;
    const args = [...this.#enter(), process.execPath, '--input-type=module', '--eval', script];
    return execFileSync('nsenter', args, { encoding: 'utf8' });
  }

  close(): void {
    for (const child of this.#running) child.kill('SIGKILL');
    this.#network.kill('SIGKILL');
  }

  #enter(): string[] {
    const pid = this.#network.pid!;
    // Bubblewrap's own process stays outside: its child is within.
    const child = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return [`--net=/proc/${child || pid}/ns/net`];
  }

  async #spawn(
    name: string,
    command: readonly string[],
    hostname: string,
  ): Promise<{ child: ChildProcess; pid: number }> {
    const service = this.#compose.services[name];
    const image = this.#images(name);
    const [user, group = user] = (service.user ?? image.user).split(':');
    const environment = { ...image.environment, ...service.environment };
    const child = spawn(
      'nsenter',
      [
        ...this.#enter(),
        'bwrap',
        ...[service.read_only ? '--ro-bind' : '--bind', image.root, '/'],
        ...['--dev', '/dev', '--proc', '/proc', '--ro-bind', join(this.#folder, 'hosts'), '/etc/hosts'],
        ...(service.tmpfs ?? []).flatMap((path) => ['--perms', '1777', '--tmpfs', path]),
        ...(service.volumes ?? []).flatMap((volume) => this.#mount(image, volume)),
        ...['--unshare-pid', '--as-pid-1', '--unshare-uts', '--hostname', hostname, '--die-with-parent'],
        ...['--info-fd', '3', '--chdir', image.workdir, '--clearenv'],
        ...Object.entries(environment).flatMap(([key, value]) => ['--setenv', key, String(value)]),
        ...['--', 'setpriv', '--reuid', user, '--regid', group, '--clear-groups', '--no-new-privs'],
        ...(user === '0' ? [] : ['--bounding-set=-all', '--inh-caps=-all']),
        ...command,
      ],
      { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] },
    );
    // Bubblewrap writes it in pieces.
    let info = '';
    for await (const piece of child.stdio[3] as Readable) {
      info += piece;
      const found = /"child-pid": (\d+)[\s,]/.exec(info);
      if (found) return { child, pid: Number(found[1]) };
    }
    throw new Error(`${name} did not start: ${String(child.stderr?.read() ?? '')}`);
  }

  /** A volume, new with the owner that its mount point has in the image, or a file of the checkout. */
  #mount(image: Image, volume: string): string[] {
    const [source, target, mode] = volume.split(':');
    const place = join(image.root, target);
    const bind = mode === 'ro' ? '--ro-bind' : '--bind';
    if (source.startsWith('.')) {
      // An engine makes the mount point.
      mkdirSync(posix.dirname(place), { recursive: true });
      writeFileSync(place, '', { flag: 'a' });
      return [bind, fileURLToPath(new URL(source, infra)), target];
    }
    mkdirSync(place, { recursive: true });
    const folder = join(this.#folder, source);
    try {
      mkdirSync(folder);
      execFileSync('chown', ['--reference', place, folder]);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    return [bind, folder, target];
  }
}

/** Milliseconds that a service is given to end in. */
export const graceMs = ({ stop_grace_period: period = '10s' }: Service): number =>
  Number.parseInt(period, 10) * 1000;
