import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseYaml } from '@qfleet/config';

type Manifest = {
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
};

/** What is not bundled: it measures Qfleet in this repository. */
const LEFT_OUT = ['bench'];
/** What lies in the package itself: their install scripts would fetch another TensorFlow. */
const VENDORED = ['@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu'];
/** Whose insides are relied on: the very version. */
const EXACT = /^@tensorflow\//;

const readJson = (file: string): Manifest => JSON.parse(readFileSync(file, 'utf8')) as Manifest;

/** The package.json of what users install. */
export function manifestOf(root: string): Record<string, unknown> {
  const own = readJson(join(root, 'packages/qfleet/package.json'));
  return {
    name: 'qfleet',
    version: own.version,
    description: own.description,
    license: own.license,
    keywords: ['reinforcement-learning', 'dqn', 'deep-learning', 'tensorflow', 'redis'],
    type: 'module',
    engines: { node: '>=24' },
    bin: { qfleet: 'bin/qfleet.js' },
    exports: {
      '.': { types: './types/index.d.ts', default: './dist/index.js' },
      './browser': { types: './types/browser.d.ts', default: './dist/browser.js' },
      './package.json': './package.json',
    },
    imports: {
      '#command': './dist/command.js',
      '#actor': './dist/actor.js',
      '#learner': './dist/learner.js',
      '#evaluator': './dist/evaluator.js',
      '#exporter': './dist/exporter.js',
      '#envs': './dist/index.js',
      '#qfleet': './dist/index.js',
      '#browser-envs': './dist/browser.js',
      '#page/*': './page/*',
      '#native/*': './native/*',
      '#tfjs-node/*': './vendor/tfjs-node/*',
    },
    dependencies: dependenciesOf(root),
  };
}

/** What the bundled packages take from registries, at the versions that this repository is tested with, or newer compatible ones. */
function dependenciesOf(root: string): Record<string, string> {
  const { value } = parseYaml(readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8'), 'pnpm-workspace.yaml');
  const { catalog } = value as unknown as { catalog: Readonly<Record<string, string>> };
  const folders = ['packages', 'apps'].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => ({ name, path: join(root, folder, name, 'package.json') })),
  );
  const found = new Map<string, string>();
  for (const { name, path } of folders) {
    if (LEFT_OUT.includes(name)) continue;
    const { dependencies = {}, optionalDependencies = {} } = readJson(path);
    for (const [dependency, range] of Object.entries({ ...dependencies, ...optionalDependencies })) {
      if (range.startsWith('workspace:') || VENDORED.includes(dependency)) continue;
      const version = range === 'catalog:' ? catalog[dependency] : range;
      if (version === undefined)
        throw new Error(`${path} names ${dependency}, of which the catalog has no version.`);
      found.set(dependency, EXACT.test(dependency) ? version : `^${version}`);
    }
  }
  const installed = (name: string): Manifest =>
    readJson(createRequire(join(root, 'packages/tensor/package.json')).resolve(`${name}/package.json`));
  // What the vendored files take, and what the declarations do.
  found.set('google-protobuf', installed(VENDORED[0]).dependencies!['google-protobuf']);
  found.set('@types/long', installed('@tensorflow/tfjs-core').dependencies!['@types/long']);
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}
