// The checkout itself: are the dependencies installed, and is what lies in dist built from the sources of now?
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashOf } from './cache.mjs';

/** Files and folders of a folder, none if it isn't there.
 * @param {string} folder */
function entries(folder) {
  return existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
}

/** Every workspace package's folder, relative to the root, in order.
 * @param {string} root */
export function packageFolders(root) {
  const folders = ['apps', 'packages'].flatMap((group) =>
    entries(join(root, group)).map((entry) => `${group}/${entry.name}`),
  );
  return folders.filter((folder) => existsSync(join(root, folder, 'package.json'))).sort();
}

/** Source files below a folder, relative to it, in order.
 * @param {string} folder
 * @returns {string[]} */
export function sourceFiles(folder) {
  const found = entries(folder).flatMap((entry) => {
    if (entry.isDirectory()) {
      if (entry.name === 'node_modules' || entry.name === 'dist') return [];
      return sourceFiles(join(folder, entry.name)).map((path) => `${entry.name}/${path}`);
    }
    return /\.(ts|mts|mjs|js)$/.test(entry.name) ? [entry.name] : [];
  });
  return found.sort();
}

/** What the installed dependencies depend on.
 * @param {string} root */
export function dependenciesKey(root) {
  const manifests = packageFolders(root).map((folder) => `${folder}/package.json`);
  const files = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', 'test/package.json', ...manifests];
  const contents = files.flatMap((file) => [file, readFileSync(join(root, file))]);
  return hashOf([process.platform, process.arch, ...contents]);
}

/** What the page is made of beside its sources, and what it becomes: all written by its bundler. */
export const PAGE_BUNDLER = 'apps/play/bundle.mjs';
const PAGE_PARTS = [PAGE_BUNDLER, 'apps/play/page/index.html', 'apps/play/page/page.css'];
const PAGE = ['index.html', 'page.css', 'page.js'].map((file) => `apps/play/dist/page/${file}`);

/** What the compiled output depends on. Contents, not times: a fresh checkout or a switched branch changes every
 * time stamp.
 * @param {string} root */
export function buildKey(root) {
  const files = ['pnpm-lock.yaml', 'tsconfig.base.json', 'tsconfig.json'];
  for (const folder of packageFolders(root)) {
    files.push(`${folder}/tsconfig.json`);
    for (const file of sourceFiles(join(root, folder, 'src'))) files.push(`${folder}/src/${file}`);
  }
  files.push(...PAGE_PARTS);
  return hashOf(files.flatMap((file) => [file, readFileSync(join(root, file))]));
}

/** Whether every source has its compiled file; declarations have none.
 * @param {string} root */
export function isCompiled(root) {
  return packageFolders(root).every((folder) =>
    sourceFiles(join(root, folder, 'src'))
      .filter((file) => !file.endsWith('.d.ts'))
      .every((file) => existsSync(join(root, folder, 'dist', file.replace(/ts$/, 'js')))),
  );
}

/** Whether the page is there.
 * @param {string} root */
export const isBundled = (root) => PAGE.every((file) => existsSync(join(root, file)));

/** The version of pnpm that package.json pins.
 * @param {string} root */
export function pinnedPnpm(root) {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return String(packageManager).split('+')[0];
}
