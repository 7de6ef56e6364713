import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Which build of libtensorflow. */
export type LibraryKind = 'cpu' | 'gpu';

/** The TensorFlow that is provisioned where the stock binary is missing: the newest that was tried. */
export const TENSORFLOW_VERSION = '2.20.0';

/** A provisioned libtensorflow with the addon compiled against it. */
export interface Provisioned {
  readonly kind: LibraryKind;
  readonly version: string;
  readonly dir: string;
  /** The addon, ready to be loaded. */
  readonly binding: string;
}

/** What a provisioned folder says of itself; written last, so its presence means that the folder is whole. */
export const MANIFEST = 'provisioned.json';

/** Where provisioned libraries lie: `$QFLEET_CACHE_DIR`, else `$XDG_CACHE_HOME/qfleet`, else `~/.cache/qfleet`. */
export function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const own = environment['QFLEET_CACHE_DIR'];
  if (own) return own;
  return join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'qfleet');
}

/** The folder that holds every library of a cache. */
export function librariesDirectory(cache: string): string {
  return join(cache, 'tensorflow');
}

/** What every folder of a kind starts with on this machine; the checksum of the wheel follows. */
export function folderPrefix(kind: LibraryKind): string {
  return `${kind}-${TENSORFLOW_VERSION}-${process.platform}-${process.arch}-`;
}

/** Raised when the sources of the addon change, so that it is compiled anew. */
const ADDON_REVISION = 5;

/** The addon of one tfjs-node version, within a library's folder. */
export function bindingName(tfjsVersion: string): string {
  return `tfjs_binding-${tfjsVersion}-${ADDON_REVISION}.node`;
}

/** The folder of a kind's library, where it is whole, or null. */
export function findLibrary(kind: LibraryKind, cache: string): string | null {
  const libraries = librariesDirectory(cache);
  if (!existsSync(libraries)) return null;
  const name = readdirSync(libraries)
    .sort()
    .find((each) => each.startsWith(folderPrefix(kind)) && existsSync(join(libraries, each, MANIFEST)));
  return name === undefined ? null : join(libraries, name);
}

/** The provisioned library of a kind with an addon for `tfjsVersion`, or null. */
export function findProvisioned(kind: LibraryKind, tfjsVersion: string, cache: string): Provisioned | null {
  const dir = findLibrary(kind, cache);
  if (dir === null) return null;
  const binding = join(dir, bindingName(tfjsVersion));
  if (!existsSync(binding)) return null;
  const { version } = JSON.parse(readFileSync(join(dir, MANIFEST), 'utf8')) as { version: string };
  return { kind, version, dir, binding };
}
