import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { type BridgeSettings, cacheFolder, defaultBridge } from '@qfleet/env-host';

/** The path of a Python as `--python` names it: a path, or a program on the path. */
export function pythonPath(named: string): string {
  if (named.includes('/')) return resolve(named);
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, named)).find((path) => existsSync(path)) ?? resolve(named);
}

/** Where the Pythons stand, a line each, that this user has trained with on this machine. */
const listPath = (): string => join(cacheFolder(), 'gymnasium', 'pythons');

/** Keeps that the user named a Python, so that directories of runs may name it, too. */
export function rememberPython(path: string | null): void {
  if (path === null || isRemembered(path)) return;
  mkdirSync(join(cacheFolder(), 'gymnasium'), { recursive: true });
  appendFileSync(listPath(), `${path}\n`);
}

/** Whether the user has trained with this Python. */
export function isRemembered(path: string): boolean {
  return existsSync(listPath()) && readFileSync(listPath(), 'utf8').split('\n').includes(path);
}

/** How Gymnasium's environments are played with the Python of `--python`; undefined: with a private one. */
export const bridgeOf = (named: string | undefined): BridgeSettings => ({
  ...defaultBridge,
  python: named === undefined ? null : pythonPath(named),
});
