import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { lock } from 'proper-lockfile';
import { compileAddon, linkLibraries, tfjsVersion } from './addon.ts';
import {
  bindingName,
  cacheDirectory,
  findLibrary,
  findProvisioned,
  folderPrefix,
  type LibraryKind,
  librariesDirectory,
  MANIFEST,
  type Provisioned,
  TENSORFLOW_VERSION,
} from './cache.ts';
import { runCommand } from './command.ts';
import { fetchWheel, installCuda, unpackWheel } from './wheel.ts';

/** What provisioning may be told. */
export interface ProvisionOptions {
  readonly cache?: string;
  readonly log?: (line: string) => void;
}

/**
 * Runs `work` while no other process does so in `dir`. The holder renews its lock every few seconds, so a lock whose
 * holder was killed is taken over after 20 s.
 */
export async function exclusively<T>(dir: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dir, { recursive: true });
  const release = await lock(dir, {
    stale: 20_000,
    update: 5_000,
    retries: { forever: true, factor: 1, minTimeout: 500 },
  });
  try {
    return await work();
  } finally {
    await release();
  }
}

/** A Python with pip. */
async function findPython(): Promise<string> {
  const candidates = ['python3', 'python'];
  let found = false;
  for (const python of candidates) {
    const { code } = await runCommand(python, ['-m', 'pip', '--version']);
    if (code === 0) return python;
    found ||= code !== 127;
  }
  throw new Error(
    found
      ? 'Python has no pip: install it (Debian: apt-get install python3-pip)'
      : 'there is no Python: install Python 3 with pip (Debian: apt-get install python3-pip)',
  );
}

/**
 * Brings libtensorflow of a kind into the cache: the library inside TensorFlow's PyPI wheel and tfjs-node's addon
 * compiled against it. Nothing is fetched or compiled twice; two processes at once are safe (one waits); an
 * interrupted download goes on where it stopped; a folder appears only when it is whole.
 *
 * @throws With one sentence: what is missing (Python, pip, a compiler, the network) and how to get it.
 */
export async function provision(kind: LibraryKind, options: ProvisionOptions = {}): Promise<Provisioned> {
  const cache = options.cache ?? cacheDirectory();
  const log = options.log ?? (() => {});
  const existing = findProvisioned(kind, tfjsVersion(), cache);
  if (existing !== null) return existing;
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    throw new Error(
      `libtensorflow is provisioned on Linux (x64, arm64) only, and this is ${process.platform} ${process.arch}`,
    );
  }
  return exclusively(librariesDirectory(cache), async () => {
    if (findProvisioned(kind, tfjsVersion(), cache) === null) {
      const dir = findLibrary(kind, cache) ?? (await unpackLibrary(kind, librariesDirectory(cache), log));
      log('compiling the addon');
      const binding = join(dir, bindingName(tfjsVersion()));
      await compileAddon(dir, `${binding}.partial`);
      await rename(`${binding}.partial`, binding);
    }
    return findProvisioned(kind, tfjsVersion(), cache)!;
  });
}

/** Fetches and unpacks the library of a kind; its folder appears when it is whole, and the wheel goes. */
async function unpackLibrary(
  kind: LibraryKind,
  libraries: string,
  log: (line: string) => void,
): Promise<string> {
  const python = await findPython();
  const downloads = join(libraries, 'downloads');
  const wheel = await fetchWheel(python, kind, downloads, log);
  const dir = join(libraries, folderPrefix(kind) + wheel.sha256.slice(0, 12));
  const partial = join(libraries, `partial-${basename(dir)}`);
  await rm(partial, { recursive: true, force: true });
  log('unpacking the library');
  await unpackWheel(python, wheel.file, partial);
  await linkLibraries(partial);
  if (kind === 'gpu') {
    log('installing the CUDA libraries');
    await installCuda(python, wheel.cuda, partial);
  }
  const manifest = { kind, version: TENSORFLOW_VERSION, wheel: basename(wheel.file), sha256: wheel.sha256 };
  await writeFile(join(partial, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
  await rename(partial, dir);
  await rm(downloads, { recursive: true, force: true });
  return dir;
}
