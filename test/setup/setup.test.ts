import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { cacheFolder, readStamp, withLock, writeStamp } from '../../infra/setup/cache.mjs';
import { missingTools, needsNative, setUpNative } from '../../infra/setup/native.mjs';
import { isNewEnough, NODE_VERSION, provideNode } from '../../infra/setup/node.mjs';
import { capture, Progress, tellingLines } from '../../infra/setup/progress.mjs';
import { trainArguments } from '../../infra/setup/train-arguments.mjs';
import { buildKey, dependenciesKey, isCompiled } from '../../infra/setup/workspace.mjs';
import { qfleet } from '../support/qfleet.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'qfleet-setup-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, content: string, mode = 0o644): string {
  const full = join(folder, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, content, { mode });
  return full;
}

/** A PATH with the system's tools and, before them, the given shell scripts. */
function pathWith(name: string, scripts: Record<string, string>): string {
  for (const [tool, body] of Object.entries(scripts)) write(`${name}/${tool}`, `#!/bin/sh\n${body}\n`, 0o755);
  return `${join(folder, name)}:/usr/bin:/bin`;
}

/** A checkout with set-up and one package in it. */
function checkout(name: string): string {
  const root = join(folder, name);
  cpSync(join(repository, 'infra/setup'), join(root, 'infra/setup'), { recursive: true });
  write(`${name}/package.json`, '{"packageManager":"pnpm@1.2.3","type":"module"}');
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'tsconfig.base.json', 'tsconfig.json']) {
    write(`${name}/${file}`, '{}');
  }
  for (const file of ['test/package.json', 'packages/a/package.json', 'packages/a/tsconfig.json']) {
    write(`${name}/${file}`, '{}');
  }
  write(`${name}/packages/a/src/index.ts`, 'export const a = 1;\n');
  // The page, of which the bundler makes nothing here but its files.
  for (const file of ['index.html', 'page.css']) write(`${name}/apps/play/page/${file}`, '');
  write(
    `${name}/apps/play/bundle.mjs`,
    "import { mkdirSync, writeFileSync } from 'node:fs';\nmkdirSync('apps/play/dist/page', { recursive: true });\n" +
      "for (const file of ['index.html', 'page.css', 'page.js']) writeFileSync('apps/play/dist/page/' + file, '');\n",
  );
  return root;
}

function runSetUp(root: string, args: string[], env: NodeJS.ProcessEnv) {
  return capture(process.execPath, [join(root, 'infra/setup/run.mjs'), ...args], { cwd: root, env });
}

test('Node from the LTS of the project on is taken as it is', () => {
  expect(['24.0.0', '24.21.0', '26.10.0'].map(isNewEnough)).toEqual([true, true, true]);
  expect(['18.0.0', '20.20.2', '22.30.1', '23.11.0'].map(isNewEnough)).toEqual([false, false, false, false]);
});

test('the cache is where the environment says', () => {
  expect(cacheFolder({ HOME: '/h' })).toBe('/h/.cache/qfleet');
  expect(cacheFolder({ HOME: '/h', XDG_CACHE_HOME: '/x' })).toBe('/x/qfleet');
  expect(cacheFolder({ HOME: '/h', XDG_CACHE_HOME: '/x', QFLEET_CACHE_DIR: '/q' })).toBe('/q');
});

test('a cache that cannot be written is one sentence that names the variable', async () => {
  const root = checkout('unwritable');
  const file = write('a-file', '');
  const { code, output } = await runSetUp(root, ['qfleet'], { PATH: process.env['PATH'], HOME: file });
  expect(output).toMatch(
    /^set-up: \S+, where set-up keeps what it brings, can't be written \(ENOTDIR\): name .* QFLEET_CACHE_DIR\n$/,
  );
  expect(code).toBe(1);
});

test.each([
  ['', 'train cartpole'],
  ['--seed 3', 'train cartpole --seed 3'],
  ['--single --set train.lr=1', 'train cartpole --single --set train.lr=1'],
  ['--json --seed=3', 'train cartpole --json --seed=3'],
  ['lunarlander', 'train lunarlander'],
  ['train lunarlander --actors 4', 'train lunarlander --actors 4'],
  ['--single run.yaml', 'train --single run.yaml'],
  ['--seed 3 run.yaml', 'train --seed 3 run.yaml'],
])('npm start -- %s becomes qfleet %s', (given, expected) => {
  expect(trainArguments(given.split(' ').filter((word) => word !== ''))).toEqual(expected.split(' '));
});

test('npm start knows the options of train that take no value', async () => {
  const { stdout } = await qfleet(['train', '--help']);
  const switches = [...stdout.matchAll(/^ {2}(?:-h, )?(--[a-z-]+) {2,}/gm)].map(([, option]) => option);
  expect(switches).toContain('--single');
  for (const option of switches)
    expect(trainArguments([option, 'lunarlander'])).toEqual(['train', option, 'lunarlander']);
});

describe('what is done is known by contents', () => {
  test('the build by sources and settings, whatever their times, and by its output', () => {
    const root = checkout('build');
    const source = join(root, 'packages/a/src/index.ts');
    const key = buildKey(root);
    utimesSync(source, 1, 1);
    expect(buildKey(root)).toBe(key);
    expect(isCompiled(root)).toBe(false);
    write('build/packages/a/dist/index.js', '');
    write('build/packages/a/src/globals.d.ts', '');
    expect(isCompiled(root)).toBe(true);
    writeFileSync(source, 'export const a = 2;\n');
    const changed = buildKey(root);
    write('build/tsconfig.base.json', '{"a":1}');
    write('build/packages/a/src/more/b.ts', '');
    expect(new Set([key, changed, buildKey(root)]).size).toBe(3);
    expect(isCompiled(root)).toBe(false);
  });

  test('the dependencies by the lock file and every manifest', () => {
    const root = checkout('dependencies');
    const keys = [dependenciesKey(root)];
    for (const file of [
      'pnpm-lock.yaml',
      'packages/a/package.json',
      'test/package.json',
      'pnpm-workspace.yaml',
    ]) {
      write(`dependencies/${file}`, '{"changed":1}');
      keys.push(dependenciesKey(root));
    }
    expect(new Set(keys).size).toBe(5);
  });

  test('a stamp that was never written is empty', () => {
    const path = join(folder, 'stamps/one');
    expect(readStamp(path)).toBe('');
    writeStamp(path, 'x');
    expect(readStamp(path)).toBe('x');
    expect(readdirSync(dirname(path))).toEqual(['one']);
  });
});

describe('the lock of set-up', () => {
  test('lets one in at a time and tells those who wait', async () => {
    const lock = join(folder, 'lock');
    const events: string[] = [];
    const visit = (name: string) =>
      withLock(
        lock,
        () => events.push(`${name} waits`),
        async () => {
          events.push(`${name} in`);
          await new Promise((resolve) => setTimeout(resolve, 50));
          events.push(`${name} out`);
        },
      );
    await Promise.all([visit('a'), visit('b')]);
    expect(events).toEqual(['a in', 'b waits', 'a out', 'b in', 'b out']);
    expect(existsSync(lock)).toBe(false);
  });

  test('is taken over from a process that has ended', async () => {
    const child = spawn('/bin/true');
    await once(child, 'exit');
    const lock = join(folder, 'left-lock');
    write('left-lock/holder', `${hostname()} ${child.pid}`);
    let waited = false;
    const result = await withLock(
      lock,
      () => {
        waited = true;
      },
      async () => 'done',
    );
    expect([result, waited, existsSync(lock)]).toEqual(['done', false, false]);
  });
});

describe('Node by npm', () => {
  const stub = `while [ "$1" != --prefix ]; do shift; done
mkdir -p "$2/node_modules/node-${process.platform}-${process.arch}/bin"
printf '#!/bin/sh\\necho %s\\n' "$ANSWER" > "$2/node_modules/node-${process.platform}-${process.arch}/bin/node"
chmod +x "$2/node_modules/node-${process.platform}-${process.arch}/bin/node"`;

  test('ends up whole in the cache, for two set-ups at once as well', async () => {
    const env = { PATH: pathWith('good-npm', { npm: stub }), ANSWER: `v${NODE_VERSION}` };
    const cache = join(folder, 'node-cache');
    const progress = new Progress(join(folder, 'logs'));
    const paths = await Promise.all([provideNode(cache, progress, env), provideNode(cache, progress, env)]);
    expect(paths).toEqual(Array(2).fill(join(cache, `node-${NODE_VERSION}`, 'bin', 'node')));
    expect((await capture(paths[0] as string, [], { cwd: folder, env })).stdout).toBe(`v${NODE_VERSION}\n`);
    expect(readdirSync(cache)).toEqual([`node-${NODE_VERSION}`]);
  });

  test.each([
    [
      'npm fails',
      'echo npm error code E404 >&2; exit 1',
      /npm could not bring .*: install Node 24 or newer .*E404.*Details: .*\.log$/,
    ],
    ['what npm brings does not run', stub, /does not run here: install Node 24 or newer/],
  ])('says what to do where %s, and leaves nothing', async (_, npm, sentence) => {
    const env = { PATH: pathWith('bad-npm', { npm }), ANSWER: 'nonsense' };
    const cache = join(folder, 'bad-cache');
    await expect(provideNode(cache, new Progress(join(folder, 'logs')), env)).rejects.toThrow(sentence);
    expect(readdirSync(cache)).toEqual([]);
  });
});

test('a missing Python, pip or compiler is one sentence each, with the remedy and the slower way', async () => {
  const compilers = { 'c++': 'exit 0' };
  const only = (name: string, tools: Record<string, string>) => ({
    PATH: (pathWith(name, tools).split(':') as [string])[0],
  });
  expect(await missingTools(folder, only('all', { python3: 'exit 0', ...compilers }))).toEqual([]);
  const [python, compiler, ...more] = await missingTools(folder, { PATH: join(folder, 'nothing') });
  expect(python).toMatch(/^python3 is not on PATH: install Python 3 .*WebAssembly, several times slower\.$/);
  expect(compiler).toMatch(/^there is no C\+\+ compiler: install one .*WebAssembly, several times slower\.$/);
  expect(more).toEqual([]);
  const noPip = only('no-pip', { python3: '[ "$1" = --version ]', ...compilers });
  expect(await missingTools(folder, noPip)).toEqual([
    expect.stringMatching(/^python3 has no pip: install it/),
  ]);
});

test('of a failed tool the lines that tell are shown', () => {
  expect(tellingLines('a\n\nError: X\n\n  × what\n  ╰─▶ why\nmore\n')).toBe('Error: X what why');
  expect(tellingLines('one\ntwo\nnpm notice new version\n')).toBe('two');
  expect(tellingLines('')).toBe('no output');
});

describe('run.mjs', () => {
  test('a set-up that fails is one sentence with the log, on stderr, and one failed test for npm test', async () => {
    const root = checkout('failing');
    const env = {
      PATH: pathWith('failing-npx', { npx: 'echo "ERR_PNPM_FETCH_404 no such thing" >&2; exit 1' }),
      QFLEET_CACHE_DIR: join(folder, 'failing-cache'),
    };
    const started = await runSetUp(root, ['qfleet', 'presets'], env);
    expect(started.code).toBe(1);
    expect(started.stdout).toBe('');
    const sentence =
      /set-up: pnpm@1\.2\.3 could not install the dependencies \(ERR_PNPM_FETCH_404 no such thing\)\. Details: (.*\.log)\n$/;
    const [, log = ''] = sentence.exec(started.output) ?? [];
    expect(readFileSync(log, 'utf8')).toContain('$ npx --yes pnpm@1.2.3 install --frozen-lockfile');

    const tested = await runSetUp(root, ['test'], env);
    expect(tested.code).toBe(1);
    expect(tested.stdout).toBe('0 passed, 1 failed\n');
  });

  test('sources that do not compile are shown, and a build is not done twice', async () => {
    const root = checkout('compiling');
    // The tool's own work is not what is tested: it compiles by copying, and counts.
    const tsc = `import { cpSync, appendFileSync, existsSync } from 'node:fs';
if (existsSync('broken')) { console.log('a.ts(1,1): error TS1: no'); process.exit(1); }
cpSync('packages/a/src/index.ts', 'packages/a/dist/index.js');
appendFileSync('compiled', 'x');`;
    const env = {
      PATH: pathWith('npx-works', { npx: 'mkdir -p node_modules/typescript/bin' }),
      QFLEET_CACHE_DIR: join(folder, 'compiling-cache'),
    };
    write('compiling/node_modules/typescript/bin/tsc', tsc);
    write('compiling/node_modules/typescript/package.json', '{"type":"module"}');
    for (let i = 0; i < 2; i++)
      expect(await runSetUp(root, ['build'], env)).toMatchObject({ code: 0, output: '' });
    expect(readFileSync(join(root, 'compiled'), 'utf8')).toBe('x');
    write('compiling/packages/a/src/index.ts', 'export const a = 3;\n');
    write('compiling/broken', '');
    const failed = await runSetUp(root, ['build'], env);
    expect(failed).toMatchObject({
      code: 1,
      output: 'set-up: the sources do not compile:\na.ts(1,1): error TS1: no\n',
    });
  });

  test('an unknown command is bad usage', async () => {
    const { code, output } = await runSetUp(repository, ['strat'], { PATH: '' });
    expect(code).toBe(2);
    expect(output).toMatch(/'strat' is none of start, qfleet, /);
  });
});

describe('launch', () => {
  const launcher = `import { launch } from ${JSON.stringify(new URL('../../infra/setup/launch.mjs', import.meta.url).href)};
process.exitCode = await launch(process.execPath, ['-e', process.argv[2]], { env: process.env });`;

  function start(script: string) {
    const file = write('launcher.mjs', launcher);
    return spawn(process.execPath, [file, script], { stdio: ['ignore', 'pipe', 'inherit'] });
  }

  test('passes the exit code on', async () => {
    const [code] = await once(start('process.exit(7)'), 'exit');
    expect(code).toBe(7);
  });

  test('a program that a signal ended gives the code of shells', async () => {
    const [code] = await once(start("process.kill(process.pid, 'SIGKILL')"), 'exit');
    expect(code).toBe(137);
  });

  test('forwards a signal that comes twice at once only once, and waits for a clean end', async () => {
    const script = `let count = 0;
      process.on('SIGINT', () => { count += 1; setTimeout(() => { console.log(count); process.exit(3); }, 300); });
      setInterval(() => {}, 1000);
      console.log('ready');`;
    const launched = start(script);
    let text = '';
    for await (const part of launched.stdout.setEncoding('utf8')) {
      text += part;
      if (part.includes('ready')) {
        launched.kill('SIGINT');
        setTimeout(() => launched.kill('SIGINT'), 50);
      }
    }
    expect(text).toBe('ready\n1\n');
    expect(launched.exitCode ?? (await once(launched, 'exit'))[0]).toBe(3);
  });
});

test.each([
  ['train cartpole', true],
  ['doctor', true],
  ['train --help', false],
  ['top', false],
  ['presets', false],
  ['', false],
])('qfleet %s needs TensorFlow and a Redis: %s', (line, expected) => {
  expect(needsNative(line.split(' '))).toBe(expected);
});

test('provisioners run again only when what they found was removed', async () => {
  const root = checkout('native');
  const server = write('native/redis-server', '');
  const addon = write('native/cache/tensorflow/cpu-1/addon.node', '');
  const main = (path: string, says: string) =>
    write(`native/${path}`, `require('fs').appendFileSync('ran', '${path} ');console.log('${says}')`);
  write('native/packages/fleet/package.json', '{}');
  write('native/packages/tensor/package.json', '{}');
  main('packages/fleet/dist/redis/local/provision-main.js', `Redis: ${server}, version 7.`);
  main('packages/tensor/dist/provision/main.js', '');
  const progress = new Progress(join(folder, 'native-logs'));
  const env = { PATH: process.env['PATH'], QFLEET_CACHE_DIR: join(root, 'cache') };
  const runs = async () => {
    await setUpNative({ root, node: process.execPath, env, progress }, { retry: false });
    return (readStamp(join(root, 'ran')).match(/\S+/g) ?? []).length;
  };
  expect(await runs()).toBe(2);
  expect(await runs()).toBe(2);
  rmSync(server);
  expect(await runs()).toBe(3);
  rmSync(addon);
  expect(await runs()).toBe(5);
});
