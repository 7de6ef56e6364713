import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type LibraryKind, TENSORFLOW_VERSION } from './cache.ts';
import { lastLine, runCommand } from './command.ts';
import { download, sha256Of } from './download.ts';

/** A wheel on this machine. */
export interface Wheel {
  readonly file: string;
  readonly sha256: string;
}

/** Where pip says that a wheel is. */
interface Location {
  readonly url: string;
  readonly sha256: string;
  /** Requirements of the `and-cuda` extra: the wheels that bring CUDA. */
  readonly cuda: readonly string[];
}

/** The wheel that holds a kind of library. */
function requirement(kind: LibraryKind): string {
  return `${kind === 'gpu' ? 'tensorflow' : 'tensorflow-cpu'}==${TENSORFLOW_VERSION}`;
}

/**
 * Which wheel to ask pip for: a fixed platform and Python version, so that any local Python does (only the library
 * inside the wheel is used, which no Python runs).
 */
function platformArguments(): string[] {
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  return [
    '--no-deps',
    '--only-binary=:all:',
    ...['manylinux_2_17', 'manylinux2014', 'manylinux_2_27', 'manylinux_2_28'].flatMap((tag) => [
      '--platform',
      `${tag}_${machine}`,
    ]),
    '--python-version',
    '3.12',
    '--implementation',
    'cp',
  ];
}

async function locate(python: string, kind: LibraryKind): Promise<Location | null> {
  const { code, stdout } = await runCommand(python, [
    ...['-m', 'pip', 'install', '--dry-run', '--quiet', '--ignore-installed', '--report', '-'],
    // pip asks for a target with a foreign platform; a dry run writes nothing there.
    ...['--target', 'unused', ...platformArguments(), requirement(kind)],
  ]);
  if (code !== 0) return null;
  const report = JSON.parse(stdout.slice(stdout.indexOf('{'))) as {
    install: {
      download_info: { url: string; archive_info?: { hashes?: { sha256?: string } } };
      metadata: { requires_dist?: string[] };
    }[];
  };
  const [wheel] = report.install;
  const sha256 = wheel?.download_info.archive_info?.hashes?.sha256;
  if (!wheel || !sha256) return null;
  const cuda = (wheel.metadata.requires_dist ?? [])
    .filter((line) => /extra\s*==\s*['"]and-cuda['"]/.test(line))
    .map((line) => line.split(';')[0]!.replace(/[\s()]/g, ''));
  return { url: wheel.download_info.url, sha256, cuda };
}

/**
 * Brings the wheel of a kind into `downloads`: found by pip, fetched by us so that an interrupted download goes on
 * where it stopped; or, where pip tells no address or our own connection fails, downloaded by pip itself, which may
 * know proxies and certificates that we do not.
 */
export async function fetchWheel(
  python: string,
  kind: LibraryKind,
  downloads: string,
  log: (line: string) => void,
): Promise<Wheel & { cuda: readonly string[] }> {
  const location = await locate(python, kind);
  if (location !== null) {
    const file = join(downloads, decodeURIComponent(basename(new URL(location.url).pathname)));
    log(`fetching ${basename(file)}`);
    try {
      await download(location.url, file, location.sha256);
      return { file, sha256: location.sha256, cuda: location.cuda };
    } catch (error) {
      log(`${(error as Error).message}; trying pip's own download`);
    }
  }
  return { ...(await pipDownload(python, kind, downloads)), cuda: location?.cuda ?? [] };
}

async function pipDownload(python: string, kind: LibraryKind, downloads: string): Promise<Wheel> {
  await mkdir(downloads, { recursive: true });
  const name = requirement(kind);
  const args = ['-m', 'pip', 'download', '--quiet', '--dest', downloads, ...platformArguments(), name];
  const { code, stderr } = await runCommand(python, args);
  const prefix = `${name.split('==')[0]!.replace('-', '_')}-${TENSORFLOW_VERSION}-`;
  const wheel = code === 0 && (await readdir(downloads)).find((each) => each.startsWith(prefix));
  if (!wheel) throw new Error(`pip could not download ${name}: ${lastLine(stderr)}`);
  const file = join(downloads, wheel);
  return { file, sha256: await sha256Of(file) };
}

/** Unpacks what the addon needs of a wheel: the libraries and the headers of the C API. */
const UNPACK = `
import os, shutil, sys, zipfile
source, target = sys.argv[1:3]
headers = ('tensorflow/c/', 'tensorflow/core/platform/', 'tensorflow/tsl/', 'tsl/', 'xla/tsl/')
wanted = ('tensorflow/libtensorflow',) + tuple('tensorflow/include/' + each for each in headers)
with zipfile.ZipFile(source) as wheel:
    for name in wheel.namelist():
        if name.startswith(wanted) and not name.endswith('/'):
            path = os.path.join(target, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with wheel.open(name) as packed, open(path, 'wb') as unpacked:
                shutil.copyfileobj(packed, unpacked, 1 << 20)
`;

/** Unpacks the libraries and headers of a wheel into `target/tensorflow`. */
export async function unpackWheel(python: string, wheel: string, target: string): Promise<void> {
  const { code, stderr } = await runCommand(python, ['-c', UNPACK, wheel, target]);
  if (code !== 0) throw new Error(`${basename(wheel)} could not be unpacked: ${lastLine(stderr)}`);
  if (!existsSync(join(target, 'tensorflow', 'libtensorflow_cc.so.2'))) {
    throw new Error(`${basename(wheel)} holds no libtensorflow_cc.so.2, so it is not a TensorFlow for Linux`);
  }
}

/** Installs the CUDA wheels beside the library, where its run path looks for them (`../nvidia/…/lib`). */
export async function installCuda(
  python: string,
  requirements: readonly string[],
  target: string,
): Promise<void> {
  if (requirements.length === 0) return;
  const { code, stderr } = await runCommand(python, [
    ...['-m', 'pip', 'install', '--quiet', '--target', target, ...platformArguments(), ...requirements],
  ]);
  if (code !== 0) throw new Error(`pip could not install the CUDA libraries: ${lastLine(stderr)}`);
}
