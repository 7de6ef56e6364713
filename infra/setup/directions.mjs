// Dependencies point one way, among packages and among the files of each. The table is the design's picture;
// package.json and tsconfig.json of every package are held against it. Only what other checks let pass is looked for
// here: TypeScript refuses imports of what package.json does not name, of another package's inside, and of another
// package's sources from a source.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { circlesOf, importsBelow } from './imports.mjs';
import { packageFolders } from './workspace.mjs';

/** Leaves: they know nothing of the others (report reads a run's configuration), and anyone may use them. */
const LEAVES = ['spaces', 'config', 'random', 'metrics', 'report', 'tracing', 'watchdog'];

/** What each package may use, besides the leaves. An app may use every package, and no app imports another.
 * @type {Record<string, string[]>} */
export const ARROWS = {
  spaces: [],
  config: [],
  random: [],
  metrics: [],
  report: [],
  tracing: [],
  watchdog: [],
  envs: [],
  'env-host': ['envs'],
  tensor: [],
  networks: ['tensor'],
  replay: ['envs'],
  agents: ['networks', 'tensor', 'replay', 'envs'],
  // Runs in browsers too: only what needs no Node.
  browser: ['agents', 'networks', 'tensor', 'envs', 'rollout'],
  rollout: ['agents', 'networks', 'tensor', 'replay', 'env-host', 'envs'],
  training: ['rollout', 'agents', 'networks', 'tensor', 'replay', 'env-host', 'envs'],
  policy: ['training', 'rollout', 'agents', 'networks', 'tensor', 'replay', 'env-host', 'envs'],
  single: ['training', 'rollout', 'agents', 'networks', 'tensor', 'replay', 'envs'],
  fleet: ['rollout', 'training', 'agents', 'networks', 'tensor', 'replay', 'env-host', 'envs'],
  sweep: [],
  // What a user installs: the library, and the command that it starts as a process.
  qfleet: ['policy', 'single', 'training', 'rollout', 'agents', 'networks', 'tensor', 'env-host', 'envs'],
  // All that measures: it may use every package, and none may use it.
  bench: ['fleet', 'rollout', 'training', 'agents', 'networks', 'tensor', 'replay', 'env-host', 'envs'],
};

/** Exceptions among the leaves: a leaf uses a leaf only if it stands here.
 * @type {Record<string, string[]>} */
const LEAF_ARROWS = {
  spaces: [],
  config: [],
  random: [],
  metrics: [],
  report: ['config'],
  tracing: [],
  watchdog: [],
};

const SCOPE = '@qfleet/';

/** @param {string} name of a package, without the scope
 * @returns {string[] | undefined} what it may use; undefined if the table doesn't know it */
function allowed(name) {
  if (name in LEAF_ARROWS) return LEAF_ARROWS[name];
  return name in ARROWS ? [...ARROWS[name], ...LEAVES] : undefined;
}

/** @param {string} specifier
 * @returns {string} the package that it names */
function packageOf(specifier) {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** @param {string} path */
function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** Checks the whole workspace.
 * @param {string} root
 * @returns {string[]} a sentence for each breach */
export function checkDirections(root) {
  const rootManifest = readJson(join(root, 'package.json'));
  const everywhere = Object.keys(rootManifest.devDependencies ?? {});
  const folders = packageFolders(root);
  const apps = folders.filter((folder) => folder.startsWith('apps/')).map((folder) => folder.slice(5));
  const packages = folders.filter((folder) => !folder.startsWith('apps/')).map((folder) => folder.slice(9));
  /** @type {string[]} */
  const breaches = [];

  for (const folder of folders) {
    const isApp = folder.startsWith('apps/');
    const name = folder.slice(folder.indexOf('/') + 1);
    const may = isApp ? packages : allowed(name);
    if (may === undefined) {
      breaches.push(`${folder}: not in the table of infra/setup/directions.mjs; say what it may use.`);
      continue;
    }
    const manifest = readJson(join(root, folder, 'package.json'));
    const declared = Object.keys(manifest.dependencies ?? {});
    const own = declared.filter((dependency) => dependency.startsWith(SCOPE));
    for (const dependency of own) {
      const used = dependency.slice(SCOPE.length);
      // The command line starts the other apps as processes, so they have to be installed beside it.
      const starts = (folder === 'apps/cli' && apps.includes(used)) || (name === 'qfleet' && used === 'cli');
      if (!may.includes(used) && !starts)
        breaches.push(`${folder}/package.json: ${name} must not depend on ${used}.`);
    }
    breaches.push(
      ...referenceBreaches(
        root,
        folder,
        own.filter((it) => !apps.includes(it.slice(SCOPE.length))),
      ),
    );

    for (const part of ['src', 'test']) {
      const inside = `${folder}/${part}`;
      const imports = importsBelow(join(root, inside));
      for (const circle of circlesOf(imports))
        breaches.push(`${inside}: files import each other in a circle: ${circle.join(' → ')}.`);
      for (const [file, specifiers] of imports) {
        for (const specifier of specifiers) {
          const breach =
            part === 'src'
              ? sourceBreach(specifier, { self: SCOPE + name, declared, everywhere, apps })
              : testBreach(specifier, { root, folder, path: join(root, inside, file) });
          if (breach !== '') breaches.push(`${inside}/${file}: ${breach}`);
        }
      }
    }
  }
  return breaches;
}

/** tsc builds in the order of the references, so they must say what package.json says.
 * @param {string} root
 * @param {string} folder
 * @param {string[]} own
 * @returns {string[]} */
function referenceBreaches(root, folder, own) {
  const { references = [] } = readJson(join(root, folder, 'tsconfig.json'));
  const referenced = references.map((/** @type {{path: string}} */ { path }) => {
    const target = join(root, folder, path, 'package.json');
    return existsSync(target) ? readJson(target).name : path;
  });
  const missing = own.filter((name) => !referenced.includes(name));
  const extra = referenced.filter((/** @type {string} */ name) => !own.includes(name));
  return [
    ...missing.map(
      (name) => `${folder}/tsconfig.json: no reference to ${name}, which package.json depends on.`,
    ),
    ...extra.map(
      (/** @type {string} */ name) => `${folder}/tsconfig.json: ${name} is no dependency in package.json.`,
    ),
  ];
}

/** Node finds what the root's package.json names from every package, and the command line has the apps beside it.
 * @param {string} specifier
 * @param {{self: string, declared: string[], everywhere: string[], apps: string[]}} it
 * @returns {string} what is wrong with an import of a source, or nothing */
function sourceBreach(specifier, { self, declared, everywhere, apps }) {
  const name = packageOf(specifier);
  if (name !== self && name.startsWith(SCOPE) && apps.includes(name.slice(SCOPE.length)))
    return `no app is imported; ${name} is one.`;
  return everywhere.includes(name) && !declared.includes(name)
    ? `${name} is for tests; package.json does not name it.`
    : '';
}

/** All tests compile as one project, so TypeScript lets them reach anywhere. They may share helpers with the tests of the
 * whole.
 * @param {string} specifier
 * @param {{root: string, folder: string, path: string}} it
 * @returns {string} what is wrong with an import of a test, or nothing */
function testBreach(specifier, { root, folder, path }) {
  if (!specifier.startsWith('.')) return '';
  const target = resolve(dirname(path), specifier);
  const within = [folder, 'test'].some((reach) => target.startsWith(`${join(root, reach)}/`));
  return within ? '' : `${specifier} reaches into another package.`;
}
