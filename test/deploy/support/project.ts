import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Docker } from './docker.ts';

/** A container as the engine sees it. */
export interface Container {
  readonly Id: string;
  readonly Name: string;
  readonly Image: string;
  readonly RestartCount: number;
  readonly State: {
    readonly Status: 'created' | 'running' | 'restarting' | 'exited';
    readonly Pid: number;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    readonly StartedAt: string;
    readonly Health?: { readonly Status: 'starting' | 'healthy' | 'unhealthy' };
  };
}

/** A compose project on an engine of its own. */
export class Project {
  /** The variables that the compose file takes; they hold from the next call on. */
  readonly variables: Record<string, string>;
  readonly #docker: Docker;
  readonly #command: readonly string[];

  /** @param command compose v2, with the files that make the project. */
  constructor(docker: Docker, command: readonly string[], variables: Record<string, string>) {
    this.#docker = docker;
    this.#command = command;
    this.variables = variables;
  }

  /** What `docker compose ARGS` prints. @throws where it fails, with what it says. */
  compose(...args: readonly string[]): string {
    const [program, ...rest] = this.#command;
    return execFileSync(program, [...rest, ...args], {
      env: { ...this.#docker.environment, ...this.variables },
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'pipe'],
      maxBuffer: 2 ** 28,
    });
  }

  /** The containers of a service, or of all, those that have ended too. */
  containers(...services: readonly string[]): Container[] {
    const ids = this.compose('ps', '--all', '--quiet', ...services)
      .split('\n')
      .filter(Boolean);
    return ids.length === 0 ? [] : JSON.parse(this.#docker.run(['inspect', ...ids]));
  }

  /** SIGKILL to a container's first process, as by the kernel: what `docker kill` ends is not started again. */
  crash(service: string): void {
    for (const { State } of this.containers(service)) process.kill(State.Pid, 'SIGKILL');
  }

  /** SIGTERM from within a container, of which the engine knows nothing. */
  terminate(service: string): void {
    this.compose('exec', '-T', service, 'sh', '-c', 'kill -TERM 1');
  }

  /** What a GET answers within the exporter's networks; '' where nothing answers. */
  get(url: string): string {
    const script = `fetch(${JSON.stringify(url)}).then(async (it) => process.stdout.write(await it.text()))`;
    const [program, ...rest] = this.#command;
    const args = [...rest, 'exec', '-T', 'exporter', 'node', '--eval', script];
    const env = { ...this.#docker.environment, ...this.variables };
    const { status, stdout } = spawnSync(program, args, { env, encoding: 'utf8' });
    return status === 0 ? stdout : '';
  }
}

/** The files of a project, as arguments of compose. */
export const filesOf = (...files: readonly (string | URL)[]): string[] =>
  files.flatMap((file) => ['--file', typeof file === 'string' ? file : fileURLToPath(file)]);
