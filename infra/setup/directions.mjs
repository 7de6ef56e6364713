// Dependencies point one way. The table is the design's picture; imports, package.json and tsconfig.json of
// every package are held against it.
import { existsSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { packageFolders, sourceFiles } from './workspace.mjs';

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
  'gym-bridge': ['envs'],
  tensor: [],
  networks: ['tensor'],
  replay: ['envs'],
  agents: ['networks', 'tensor', 'replay', 'envs'],
  rollout: ['agents', 'networks', 'tensor', 'replay', 'envs'],
  training: ['agents', 'networks', 'tensor', 'replay', 'envs'],
  fleet: ['rollout', 'training', 'agents', 'networks', 'tensor', 'replay', 'envs', 'gym-bridge'],
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

/** The specifiers that a source file imports or re-exports, types too. Formatted code starts each static import
 * at the line's beginning; comments and strings don't.
 * @param {string} source */
export function importsOf(source) {
  const fixed = source.matchAll(/^(?:import|export)\b(?:[^'";=(]*?\bfrom)?\s*['"]([^'"\n]+)['"]/gm);
  const code = source.replaceAll(/^\s*(?:\/\*\*?|\*|\/\/).*$/gm, '');
  const dynamic = code.matchAll(/\bimport\(\s*['"]([^'"\n$]+)['"]/g);
  return [...fixed, ...dynamic].map((match) => match[1]);
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
      const starts = folder === 'apps/cli' && apps.includes(used);
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

    // A package's tests may share helpers with the tests of the whole.
    const inside = join(root, folder);
    const parts = [
      { part: 'src', reach: [inside], known: declared },
      {
        part: 'test',
        reach: [inside, join(root, 'test')],
        known: [...declared, ...Object.keys(manifest.devDependencies ?? {}), ...everywhere],
      },
    ];
    for (const { part, reach, known } of parts) {
      for (const file of sourceFiles(join(inside, part))) {
        const path = join(inside, part, file);
        for (const specifier of importsOf(readFileSync(path, 'utf8'))) {
          const breach = importBreach({ specifier, path, reach, self: SCOPE + name, known, apps });
          if (breach !== '') breaches.push(`${relative(root, path)}: ${breach}`);
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

/** @param {{specifier: string, path: string, reach: string[], self: string, known: string[], apps: string[]}} it
 * @returns {string} what is wrong with one import, or nothing */
function importBreach({ specifier, path, reach, self, known, apps }) {
  if (specifier.startsWith('.')) {
    const target = resolve(dirname(path), specifier);
    const within = reach.some((folder) => target.startsWith(`${folder}/`));
    return within ? '' : `${specifier} reaches into another package.`;
  }
  if (specifier.startsWith('node:')) return '';
  if (builtinModules.includes(specifier)) return `write node:${specifier}.`;
  const name = packageOf(specifier);
  if (name === self) return '';
  if (name.startsWith(SCOPE)) {
    if (specifier !== name) return `${specifier} reaches inside ${name}; import what its index.ts exports.`;
    if (apps.includes(name.slice(SCOPE.length))) return `no app is imported; ${name} is one.`;
  }
  return known.includes(name) ? '' : `${name} is not among the dependencies in package.json.`;
}
