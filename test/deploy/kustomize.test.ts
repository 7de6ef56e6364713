import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { infra } from './support/compose.ts';

/** Kubernetes's JSON schemas with every field named, those that kubeconform uses, from PyPI. */
const VALIDATOR = 'kubernetes-validate==1.37.0';

const hasGo = spawnSync('go', ['version']).status === 0;

describe.skipIf(!hasGo)('what kustomize’s own library makes of the manifests', () => {
  const folder = mkdtempSync(join(tmpdir(), 'qfleet-kustomize-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const python = join(folder, 'venv', 'bin', 'python');
  let rendered: string;

  /** What is wrong with resources, by every field's name and value; empty: nothing. */
  function problemsOf(resources: string): string {
    const file = join(folder, 'resources.yaml');
    writeFileSync(file, resources);
    const { stdout, stderr } = spawnSync(python, ['-m', 'kubernetes_validate', '--strict', '--quiet', file], {
      encoding: 'utf8',
    });
    return stdout + stderr;
  }

  beforeAll(() => {
    const copy = join(folder, 'kubernetes');
    cpSync(fileURLToPath(new URL('kubernetes', infra)), copy, { recursive: true });
    execFileSync(fileURLToPath(new URL('redis/credentials.sh', infra)), [join(copy, 'credentials')]);
    const cwd = fileURLToPath(new URL('kustomize-go', import.meta.url));
    rendered = execFileSync('go', ['run', '.', copy], { cwd, encoding: 'utf8' });
    execFileSync('python3', ['-m', 'venv', join(folder, 'venv')]);
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', VALIDATOR]);
  }, 900_000);

  it('is what Kubernetes’s strict schemas allow', () => {
    expect(problemsOf(rendered)).toBe('');
  });

  it('is held to them', () => {
    expect(problemsOf(rendered.replaceAll('replicas:', 'replcias:'))).toContain('replcias');
    expect(
      problemsOf(
        rendered.replaceAll('terminationGracePeriodSeconds: 15', 'terminationGracePeriodSeconds: soon'),
      ),
    ).toContain('soon');
  });

  it('names each Secret and ConfigMap as what it holds, and so in the pods', () => {
    const documents = parseAllDocuments(rendered).map((document) => document.toJS());
    const made = documents
      .filter(({ kind }) => kind === 'Secret' || kind === 'ConfigMap')
      .map(({ metadata }) => metadata.name as string);
    expect(made).toHaveLength(6);
    // A hash at the end: a change of one is a change of the pods.
    for (const name of made) expect(name).toMatch(/-[a-z0-9]{10}$/);
    const named = [...rendered.matchAll(/secretName: (\S+)|configMapRef:\n\s+name: (\S+)/g)];
    expect(new Set(named.map(([, secret, map]) => secret ?? map))).toEqual(new Set(made));
  });
});
