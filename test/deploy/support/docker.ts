import {
  type ChildProcess,
  type ExecFileSyncOptions,
  execFileSync,
  spawn,
  spawnSync,
} from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const has = (program: string): boolean => spawnSync('which', [program]).status === 0;

/** Debian's engine. dockerd brings up containerd and runc by itself; networks are made by iptables. */
const PACKAGES = { dockerd: 'docker.io', iptables: 'iptables', debootstrap: 'debootstrap' };

/** What the machine has that is in the engine's way, or null. What only lacks is installed: as root, by apt. */
function problem(): string | null {
  if (process.getuid?.() !== 0) return 'only root may start a container engine';
  if (!has('go')) return 'without Go there is no compose v2';
  const missing = Object.entries(PACKAGES).filter(([program]) => !has(program));
  if (missing.length === 0) return null;
  const options: ExecFileSyncOptions = {
    stdio: 'ignore',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  };
  try {
    execFileSync('apt-get', ['update', '-qq'], options);
    const packages = missing.map(([, name]) => name);
    execFileSync('apt-get', ['install', '-qq', '-y', '--no-install-recommends', ...packages], options);
    return null;
  } catch {
    return `apt-get can't install ${missing.map(([, name]) => name).join(', ')}`;
  }
}

/** A container engine of this test's own, beside any other on this machine: images, networks and volumes go with it. */
export class Docker {
  readonly folder: string;
  readonly #daemon: ChildProcess;

  private constructor(folder: string, daemon: ChildProcess) {
    this.folder = folder;
    this.#daemon = daemon;
  }

  /** @returns what keeps the engine from running here, as text, where it does not. */
  static async start(): Promise<Docker | string> {
    const found = problem();
    if (found !== null) return found;
    const folder = mkdtempSync(join(tmpdir(), 'qfleet-docker-'));
    const log = createWriteStream(join(folder, 'dockerd.log'));
    await once(log, 'open');
    const path = (name: string) => join(folder, name);
    const roots = ['--data-root', path('data'), '--exec-root', path('exec'), '--pidfile', path('pid')];
    const daemon = spawn('dockerd', [...roots, '--host', `unix://${path('socket')}`], {
      stdio: ['ignore', log, log],
    });
    const docker = new Docker(folder, daemon);
    const ended = once(daemon, 'exit').then(() => true);
    while (spawnSync('docker', ['version'], { env: docker.environment }).status !== 0) {
      if (await Promise.race([ended, sleep(200, false)])) {
        docker.#remove();
        return 'dockerd ends at its start';
      }
    }
    return docker;
  }

  /** What keeps an engine from running here, or null: one is started, and ended. */
  static async problem(): Promise<string | null> {
    const docker = await Docker.start();
    if (typeof docker === 'string') return docker;
    await docker.stop();
    return null;
  }

  /** The environment in which `docker` and compose speak with this engine. */
  get environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      DOCKER_HOST: `unix://${join(this.folder, 'socket')}`,
      DOCKER_BUILDKIT: '1',
      DOCKER_CONFIG: join(this.folder, 'config'),
    };
  }

  /** What `docker ARGS` prints. @throws where it fails, with what it says. */
  run(args: readonly string[], options: ExecFileSyncOptions = {}): string {
    const { env, ...rest } = options;
    return execFileSync('docker', args, {
      ...rest,
      env: { ...this.environment, ...env },
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'pipe'],
      maxBuffer: 2 ** 28,
    });
  }

  /** Ends the engine, its containers with it, and removes all that it held. */
  async stop(): Promise<void> {
    const running = this.run(['ps', '--quiet']).split('\n').filter(Boolean);
    if (running.length > 0) this.run(['rm', '--force', ...running]);
    // Bridges outlive the engine.
    this.run(['container', 'prune', '--force']);
    this.run(['network', 'prune', '--force']);
    const ended = once(this.#daemon, 'exit');
    this.#daemon.kill('SIGTERM');
    await ended;
    this.#remove();
  }

  #remove(): void {
    // BuildKit leaves the namespace mounted in which it built on the host's network.
    for (const line of readFileSync('/proc/mounts', 'utf8').split('\n')) {
      const [, path = ''] = line.split(' ');
      if (path.startsWith(`${this.folder}/`)) execFileSync('umount', [path]);
    }
    rmSync(this.folder, { recursive: true });
  }
}

/** Compose v2, built from its sources where it is not a plugin of `docker` here. Debian's own is too old for the file. */
export function composeCommand(cache: string): readonly string[] {
  const plugin = spawnSync('docker', ['compose', 'version', '--short'], { encoding: 'utf8' });
  if (/^v?([2-9]|\d\d)\./.test(plugin.stdout ?? '')) return ['docker', 'compose'];
  const program = join(cache, 'docker-compose');
  mkdirSync(cache, { recursive: true });
  const cwd = new URL('../compose-cli', import.meta.url);
  execFileSync('go', ['build', '-o', program, 'github.com/docker/compose/v2/cmd'], { cwd, stdio: 'pipe' });
  return [program];
}
