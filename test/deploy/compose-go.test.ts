import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { infra, readCompose } from './support/compose.ts';

const hasGo = spawnSync('go', ['version']).status === 0;
const path = (file: string): string => fileURLToPath(new URL(file, infra));

/** What docker compose makes of the files. @throws with what it says against them. */
function load(...files: string[]) {
  const cwd = fileURLToPath(new URL('compose-go', import.meta.url));
  const text = execFileSync('go', ['run', '.', ...files.map(path)], { cwd, encoding: 'utf8' });
  return JSON.parse(text).services;
}

it.skipIf(!hasGo)('docker compose reads the file, and to it it means what the tests take it for', () => {
  const services = load('docker-compose.yml');
  for (const [name, { command, environment = {}, user }] of Object.entries(
    readCompose('docker-compose.yml').services,
  )) {
    expect(services[name].command ?? undefined, name).toEqual(command);
    expect(services[name].environment ?? {}, name).toEqual(environment);
    expect(services[name].user, name).toBe(user);
  }
});

it.skipIf(!hasGo)('docker compose lays the GPU over the learner', () => {
  const { learner } = load('docker-compose.yml', 'docker-compose.gpu.yml');
  expect(learner.build.target).toBe('learner-gpu');
  expect(learner.deploy.resources.reservations.devices).toEqual([
    { driver: 'nvidia', count: 1, capabilities: ['gpu'] },
  ]);
  expect(learner.environment).toEqual(load('docker-compose.yml').learner.environment);
});
