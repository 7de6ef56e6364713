import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machineEnvironment, makeNodeImage } from './clean-root.ts';
import type { ComposeFile } from './compose.ts';
import type { Docker } from './docker.ts';

/**
 * Makes what the compose file would pull, under the names that it has there: the base of the Dockerfile from a clean
 * Debian, Redis and Prometheus from Debian's packages. This Redis has protected mode on, unlike the published image.
 */
export function makeBaseImages(docker: Docker, { services }: ComposeFile, nodeImage: string): void {
  const root = join(docker.folder, 'node-root');
  makeNodeImage(root);
  const archive = join(docker.folder, 'node.tar');
  // What the engine itself puts in place of.
  execFileSync('tar', ['-C', root, '--exclude', './proc/*', '--exclude', './sys/*', '-cf', archive, '.']);
  rmSync(root, { recursive: true });
  const variables = Object.entries({ PATH, ...machineEnvironment() });
  const changes = variables.flatMap(([name, value]) => ['--change', `ENV ${name}=${JSON.stringify(value)}`]);
  docker.run(['import', ...changes, archive, nodeImage]);
  rmSync(archive);
  const install = (...packages: string[]) =>
    'RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends ' +
    packages.join(' ');
  build(docker, services['redis'].image, [
    `FROM ${nodeImage}`,
    install('redis-server'),
    'RUN install -d -o 999 -g 999 /data',
  ]);
  build(docker, services['prometheus'].image, [
    `FROM ${nodeImage}`,
    install('prometheus', 'wget'),
    'RUN install -d -o 65534 -g 65534 /prometheus',
    'USER 65534:65534',
    'ENTRYPOINT ["prometheus"]',
  ]);
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Builds an image of a Dockerfile's lines, on the network of this machine, by the builder that needs no plugin of the
 * client.
 */
export function build(docker: Docker, tag: string, lines: readonly string[]): void {
  const context = join(docker.folder, 'context');
  mkdirSync(context, { recursive: true });
  writeFileSync(join(context, 'Dockerfile'), `${lines.join('\n')}\n`);
  docker.run(['build', '--network', 'host', '--tag', tag, context], { env: { DOCKER_BUILDKIT: '0' } });
}
