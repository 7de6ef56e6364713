import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** The Debian that the images' base is made of. */
const SUITE = 'bookworm';

/** How this machine reaches package registries: what a `docker build` there would be told, too. */
const MACHINE_FILES = [
  '/etc/resolv.conf',
  '/etc/hosts',
  '/etc/apt/sources.list',
  '/etc/apt/sources.list.d',
  '/etc/apt/apt.conf.d',
  '/etc/pip.conf',
  '/etc/npmrc',
  '/usr/etc/npmrc',
  '/usr/local/etc/npmrc',
  // A step that installs ca-certificates makes the list of them anew, with these.
  '/usr/local/share/ca-certificates',
  join(homedir(), '.npmrc'),
];
const MACHINE_VARIABLES =
  /^(https?_proxy|no_proxy|npm_config_(registry|cafile)|PIP_.*|.*_CA_(CERTS|BUNDLE).*|SSL_CERT_.*)$/i;

/** The environment variables that go into a build. */
export const machineEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] => MACHINE_VARIABLES.test(entry[0]) && entry[1] !== undefined,
    ),
  );

const cache = (): string =>
  join(process.env['QFLEET_CACHE_DIR'] ?? join(homedir(), '.cache', 'qfleet'), 'clean-root');

/** A bare Debian by debootstrap, made once; copied, never changed. */
function bareDebian(): string {
  const root = join(cache(), SUITE);
  if (existsSync(root)) return root;
  mkdirSync(cache(), { recursive: true });
  // Another one may be made at the same time: the first that is whole is kept.
  const partial = mkdtempSync(`${root}.partial-`);
  chmodSync(partial, 0o755);
  execFileSync('debootstrap', ['--variant=minbase', SUITE, partial], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (existsSync(root)) rmSync(partial, { recursive: true });
  else renameSync(partial, root);
  return root;
}

/** Copies a root, with owners and links. */
export function copyRoot(from: string, to: string): void {
  execFileSync('cp', ['-a', '--reflink=auto', `${from}/.`, to]);
}

/**
 * What `NODE_IMAGE` is: Debian with Node, npm and the user `node`, and this machine's way to its registries.
 * @param root is made.
 */
export function makeNodeImage(root: string): void {
  mkdirSync(root, { recursive: true });
  copyRoot(bareDebian(), root);
  const local = join(root, 'usr/local');
  cpSync(process.execPath, join(local, 'bin/node'));
  const npm = dirname(dirname(realpathSync(execFileSync('which', ['npm'], { encoding: 'utf8' }).trim())));
  cpSync(npm, join(local, 'lib/node_modules/npm'), { recursive: true, dereference: true });
  for (const name of ['npm', 'npx']) {
    execFileSync('ln', ['-sf', `../lib/node_modules/npm/bin/${name}-cli.js`, join(local, 'bin', name)]);
  }
  execFileSync('chroot', [root, 'useradd', '--uid', '1000', '--create-home', 'node']);
  for (const file of MACHINE_FILES) {
    rmSync(join(root, file), { recursive: true, force: true });
    if (!existsSync(file)) continue;
    mkdirSync(dirname(join(root, file)), { recursive: true });
    cpSync(file, join(root, file), { recursive: true, dereference: true });
  }
  // Certificates that variables name by path.
  for (const path of new Set(Object.values(machineEnvironment()))) {
    if (!path.startsWith('/') || !existsSync(path)) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    cpSync(path, join(root, path), { recursive: true, dereference: true });
  }
}

/** The checkout as a build's context: what git tracks or would, as it is now. */
export function copySources(checkout: string, to: string): void {
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: checkout,
    encoding: 'utf8',
  });
  for (const file of list.split('\0')) {
    if (file !== '' && existsSync(join(checkout, file))) {
      cpSync(join(checkout, file), join(to, file), { verbatimSymlinks: true });
    }
  }
}
