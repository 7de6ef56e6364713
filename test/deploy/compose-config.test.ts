import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { cacheFolder } from '../../infra/setup/cache.mjs';
import { temporaryDirectory } from '../support/qfleet.ts';
import { infra } from './support/compose.ts';
import { composeCommand } from './support/docker.ts';

const hasGo = spawnSync('go', ['version']).status === 0;
const hasPlugin = spawnSync('docker', ['compose', 'version']).status === 0;

/** The files of infra/ that a combination is made of, and the profiles that are on. */
const COMBINATIONS: readonly (readonly [files: readonly string[], profiles: readonly string[]])[] = [
  [['docker-compose.yml'], []],
  [['docker-compose.yml'], ['alerts']],
  [['docker-compose.yml', 'docker-compose.gpu.yml'], []],
  [['docker-compose.yml', 'docker-compose.gpu.yml'], ['alerts']],
];

/** What `docker compose config` says of a combination in a copy of infra/; it needs no engine. */
function configOf(files: readonly string[], profiles: readonly string[], withEnv: boolean) {
  const folder = join(temporaryDirectory(), 'infra');
  mkdirSync(folder);
  for (const name of [
    'config',
    'redis',
    'prometheus',
    'grafana/provisioning',
    'grafana/dashboards',
    'alertmanager',
  ])
    cpSync(fileURLToPath(new URL(name, infra)), join(folder, name), { recursive: true });
  for (const file of files) copyFileSync(new URL(file, infra), join(folder, file));
  if (withEnv) copyFileSync(new URL('.env.example', infra), join(folder, '.env'));
  const [program, ...first] = composeCommand(join(cacheFolder(process.env), 'test-deploy'));
  const options = [
    ...files.flatMap((file) => ['-f', file]),
    ...profiles.flatMap((name) => ['--profile', name]),
  ];
  const args = [...first, ...options, 'config', '--format', 'json'];
  const { services } = JSON.parse(execFileSync(program, args, { cwd: folder, encoding: 'utf8' }));
  return services;
}

describe.skipIf(!hasPlugin && !hasGo)('docker compose config', () => {
  it.each(COMBINATIONS)('takes %j with the profiles %j', { timeout: 900_000 }, (files, profiles) => {
    const services = configOf(files, profiles, false);
    expect('alertmanager' in services).toBe(profiles.includes('alerts'));
    expect(services.learner.build.target).toBe(files.length > 1 ? 'learner-gpu' : 'learner');
    // What .env.example says is what is there without it.
    const place = /\/tmp\/qfleet-cli-[^/]+/g;
    const without = JSON.stringify(services).replaceAll(place, '');
    expect(JSON.stringify(configOf(files, profiles, true)).replaceAll(place, '')).toBe(without);
  });
});
