import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DRAIN_SECONDS } from '@qfleet/fleet';
import { createFleetMetrics } from '@qfleet/metrics';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { temporaryDirectory } from '../support/qfleet.ts';
import { infra, readCompose, readInfra } from './support/compose.ts';

const folder = fileURLToPath(new URL('kubernetes/', infra));

interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  // biome-ignore lint/suspicious/noExplicitAny: each kind has its own; the models say what may stand there.
  readonly spec: any;
  /** A Secret's values. */
  readonly data?: Record<string, string>;
}

const parseResources = (text: string): Resource[] =>
  parseAllDocuments(text).map((document) => document.toJS() as Resource);

const files = globSync('*.yaml', { cwd: folder }).filter(
  (file) => !['kustomization.yaml', 'prometheus-adapter.yaml'].includes(file),
);
const resources = files.flatMap((file) => parseResources(readInfra(`kubernetes/${file}`)));
const find = (kind: string, name: string): Resource =>
  resources.find((it) => it.kind === kind && it.metadata.name === name)!;

/** The learner's job, or the deployment of another role: what its pods are. */
// biome-ignore lint/suspicious/noExplicitAny: as above.
const podOf = (role: string): any =>
  find(role === 'learner' ? 'Job' : 'Deployment', `qfleet-${role}`).spec.template.spec;

/** Kubernetes's own schema of the kind. @throws where the resource is not as it says. */
async function validate(resource: Resource): Promise<void> {
  const models = await import(`kubernetes-models/${resource.apiVersion}`);
  new models[resource.kind](resource).validate();
}

describe('the Kubernetes manifests', () => {
  it('are what the schemas of their kinds allow', async () => {
    expect(resources.length).toBeGreaterThan(10);
    for (const resource of resources) await validate(resource);
    const broken = structuredClone(find('Deployment', 'qfleet-actor'));
    broken.spec.template.spec.containers[0].env[0].name = undefined;
    await expect(validate(broken)).rejects.toThrow('env/0');
  });

  it('run Redis as the compose file does', () => {
    const [redis] = find('StatefulSet', 'qfleet-redis').spec.template.spec.containers;
    const { command, image } = readCompose('docker-compose.yml').services['redis'];
    expect(redis.args).toEqual(command);
    expect(redis.image).toBe(image);
  });

  it.each(['learner', 'actor', 'evaluator', 'exporter'])(
    'give the %s what the compose file gives',
    (role) => {
      const { environment, user } = readCompose('docker-compose.yml').services[role];
      const pod = podOf(role);
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(DRAIN_SECONDS);
      const [container] = pod.containers;
      expect(`${pod.securityContext.runAsUser}:${pod.securityContext.runAsGroup}`).toBe(user);
      const own = container.env.map(({ name }: { name: string }) => name);
      const shared = [...readInfra('kubernetes/kustomization.yaml').matchAll(/- ([A-Z_]+)=/g)];
      expect([...own, ...shared.map(([, name]) => name)]).toEqual(
        expect.arrayContaining(Object.keys(environment!)),
      );
    },
  );

  it('start again what was told to stop, and complete what has finished', () => {
    // Code 0 completes a job's pod; no other kind of pod stays down.
    expect(podOf('learner').restartPolicy).toBe('OnFailure');
    for (const role of ['actor', 'evaluator', 'exporter']) expect(podOf(role).restartPolicy).toBeUndefined();
  });

  it.each(['learner', 'actor', 'evaluator'])(
    'end a %s that stands still, as the compose file finds it',
    (role) => {
      const { test } = readCompose('docker-compose.yml').services[role].healthcheck!;
      const [{ livenessProbe }] = podOf(role).containers;
      expect(['CMD', ...livenessProbe.exec.command]).toEqual(test);
      const program = test.at(-1)!.replace('node_modules/@qfleet/fleet/dist/', '').replace(/\.js$/, '.ts');
      expect(existsSync(new URL(`../../packages/fleet/src/${program}`, import.meta.url))).toBe(true);
    },
  );

  it('scale actors by metrics that the exporter serves', () => {
    const { metrics } = find('HorizontalPodAutoscaler', 'qfleet-actor').spec;
    const rules = readInfra('kubernetes/prometheus-adapter.yaml');
    expect(rules).toContain(`as: ${metrics[0].external.metric.name}`);
    const registry = new Registry();
    createFleetMetrics(registry, 'run');
    const names = registry.getMetricsAsArray().map(({ name }) => name);
    const used = [...rules.matchAll(/\bqfleet_\w+(?=\{|",reason)/g)].map(([name]) => name);
    expect(used.length).toBeGreaterThan(1);
    for (const name of used) expect(names).toContain(name);
  });

  const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;
  it.skipIf(!hasKubectl)('are put together by kustomize, every policy with pods to hold for', async () => {
    const copy = join(temporaryDirectory(), 'kubernetes');
    cpSync(folder, copy, { recursive: true });
    execFileSync(fileURLToPath(new URL('redis/credentials.sh', infra)), [join(copy, 'credentials')]);
    const rendered = parseResources(execFileSync('kubectl', ['kustomize', copy], { encoding: 'utf8' }));
    const secrets = rendered.filter(({ kind }) => kind === 'Secret');
    expect(secrets).toHaveLength(5);
    // Base64 in lines, which Kubernetes reads and its schema does not allow.
    for (const { data = {} } of secrets) {
      for (const key of Object.keys(data)) data[key] = data[key].replaceAll('\n', '');
    }
    for (const resource of rendered) await validate(resource);
    const pods = rendered.flatMap(({ spec }) => (spec?.template ? [spec.template.metadata.labels] : []));
    for (const { kind, metadata, spec } of rendered) {
      const labels = { NetworkPolicy: spec?.podSelector, PodDisruptionBudget: spec?.selector }[kind]
        ?.matchLabels;
      if (labels === undefined) continue;
      expect(pods, metadata.name).toContainEqual(expect.objectContaining(labels));
    }
  });
});
