import { execFile, execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../../..', import.meta.url));

/** A package that was made, and how large it is. */
export interface Packed {
  readonly tarball: string;
  readonly bytes: number;
  readonly unpackedBytes: number;
}

/** Makes what users install. */
export async function pack(folder: string): Promise<Packed> {
  const build = join(root, 'packages/qfleet/pack/build.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [build, folder]);
  return JSON.parse(stdout) as Packed;
}

/** An environment that takes a package of the project's own. */
const ENVIRONMENT = `
import { odd } from 'oddness';
import { box, defineEnvironment, discrete } from 'qfleet';

export default defineEnvironment({
  id: 'Odd-v0',
  observationSpace: box({ low: 0, high: 9, shape: [1] }),
  actionSpace: discrete(2),
  maxEpisodeSteps: 10,
  create: (random) => {
    let n = 0;
    return {
      reset: () => (n = random.integer(10)),
      step: (action: number) => {
        const reward = (action === 1) === odd(n) ? 1 : 0;
        n = random.integer(10);
        return { observation: n, reward, terminated: false };
      },
    };
  },
});
`;

/** Imports all that is public, and takes what it promises. */
const PROGRAM = `
import * as browser from 'qfleet/browser';
import * as qfleet from 'qfleet';

const run: qfleet.Run = await qfleet.train('cartpole', {
  set: { 'stop.maxUpdates': 16, 'replay.minSize': 100, 'evaluation.episodes': 1 },
  runDir: 'runs/library',
  onEvaluation: ({ mean }: qfleet.RunEvaluation): void => void mean.toFixed(1),
});
const policy: qfleet.LoadedPolicy = await qfleet.loadPolicy(run.directory);
const action: number = policy.act([0, 0, 0, 0]);
// @ts-expect-error: types are there, and no any.
export const wrong: string = policy.act([0, 0, 0, 0]);
// @ts-expect-error: so they are in the other entry.
export const wrongToo: string = browser.nameActions('CartPole-v1', 2);
const made: qfleet.TorsoMaker = (spec, hidden) => new qfleet.HiddenLayers(spec.shape[0]!, hidden) as unknown as qfleet.Torso;
qfleet.registerNetwork('own', made);
console.log(JSON.stringify({ action, names: Object.keys(qfleet).length, browser: typeof browser.Play.create }));
`;

/**
 * Makes a project of a user's: an environment, a program, and a package of its own.
 *
 * @param skipLibCheck as in tsconfig.json: whether declarations of packages are taken as they are.
 */
export function makeProject(folder: string, skipLibCheck: boolean): void {
  mkdirSync(join(folder, 'oddness'), { recursive: true });
  const write = (file: string, text: string): void => writeFileSync(join(folder, file), text);
  write(
    'oddness/package.json',
    JSON.stringify({
      name: 'oddness',
      version: '1.0.0',
      type: 'module',
      exports: './index.js',
      types: './index.d.ts',
    }),
  );
  write('oddness/index.js', 'export const odd = (n) => n % 2 === 1;\n');
  write('oddness/index.d.ts', 'export declare const odd: (n: number) => boolean;\n');
  write('package.json', JSON.stringify({ name: 'own', version: '1.0.0', private: true, type: 'module' }));
  write('env.ts', ENVIRONMENT);
  write('program.ts', PROGRAM);
  const compilerOptions = {
    strict: true,
    module: 'nodenext',
    target: 'es2022',
    noEmit: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck,
  };
  write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['env.ts', 'program.ts'] }));
}

/**
 * Puts a tarball into a project as a package manager would, without a registry: what it depends on is linked from this
 * repository's own installation.
 */
export function installOffline(folder: string, tarball: string): void {
  const at = join(folder, 'node_modules/qfleet');
  mkdirSync(at, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', at, '--strip-components=1']);
  const { dependencies } = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  // Some of it is found beside what brings it.
  for (const name of [...Object.keys(dependencies), '@types/node']) link(folder, name, installedAt(name));
  link(folder, 'oddness', join(folder, 'oddness'));
}

function installedAt(name: string): string {
  const folders = ['packages', 'apps'].flatMap((each) =>
    readdirSync(join(root, each)).map((one) => join(root, each, one)),
  );
  for (const folder of [root, ...folders]) {
    const found = join(folder, 'node_modules', name);
    if (existsSync(found)) return realpathSync(found);
  }
  // What only other packages depend on.
  return realpathSync(join(root, 'node_modules/.pnpm/node_modules', name));
}

function link(folder: string, name: string, target: string): void {
  const at = join(folder, 'node_modules', name);
  mkdirSync(dirname(at), { recursive: true });
  symlinkSync(target, at);
}

/** How each package manager adds packages to a project, and runs what one brings. */
export interface PackageManager {
  readonly add: readonly string[];
  readonly run: readonly string[];
}

const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  packageManager: string;
};

export const MANAGERS: Readonly<Record<'npm' | 'pnpm', PackageManager>> = {
  npm: { add: ['npm', 'install', '--no-audit', '--no-fund'], run: ['npx'] },
  pnpm: {
    add: [
      'npx',
      '-y',
      packageManager,
      'add',
      '--config.minimumReleaseAge=0',
      '--config.strictDepBuilds=false',
    ],
    run: ['npx', '-y', packageManager, '--config.verifyDepsBeforeRun=false', 'exec'],
  },
};

/** What the program of a project is checked with. */
export const COMPILER: readonly string[] = ['typescript@5.9', '@types/node@24'];

/** What a program left behind. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program in a project to its end. */
export function runIn(
  cwd: string,
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { cwd, env: { ...process.env, QFLEET_LOG_LEVEL: 'warn', ...env }, maxBuffer: 1 << 26 };
    execFile(file, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
    });
  });
}

/** TypeScript's compiler of this repository. */
export const compiler = join(root, 'node_modules/typescript/bin/tsc');
