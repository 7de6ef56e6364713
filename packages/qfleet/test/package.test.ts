import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  COMPILER,
  compiler,
  installOffline,
  MANAGERS,
  makeProject,
  type Packed,
  pack,
  runIn,
} from './support/projects.ts';

const folder = mkdtempSync(join(tmpdir(), 'qfleet-package-'));
let packed: Packed;
beforeAll(async () => {
  packed = await pack(folder);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

/** From registries in CI; elsewhere a minute is saved, and no network is needed. */
const WAYS = process.env['CI'] === undefined ? (['links'] as const) : (['npm', 'pnpm'] as const);

describe.each(WAYS)('the package that users install, by %s', (way) => {
  const project = join(folder, way);
  const installed = join(project, 'node_modules/qfleet');
  const qfleet = (...args: string[]) =>
    runIn(project, process.execPath, [join(installed, 'bin/qfleet.js'), ...args]);

  beforeAll(async () => {
    // TypeScript 7's own types of WebGPU differ from those that tfjs-core brings.
    makeProject(project, way === 'links');
    if (way === 'links') return installOffline(project, packed.tarball);
    const [program, ...first] = MANAGERS[way].add;
    const added = await runIn(project, program!, [...first, packed.tarball, './oddness', ...COMPILER]);
    expect(added.code, added.stdout + added.stderr).toBe(0);
  }, 240_000);

  it('holds what it names, says under what licences, and nothing of where it was made', () => {
    console.log(
      `${(packed.bytes / 1e6).toFixed(2)} MB packed, ${(packed.unpackedBytes / 1e6).toFixed(1)} MB unpacked`,
    );
    expect(packed.bytes).toBeLessThan(4e6);
    const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
    const { imports, exports, bin, engines } = manifest;
    const named = [
      ...Object.values(imports),
      ...Object.values(bin),
      ...Object.values(exports).flatMap((each) => Object.values(each as object)),
    ]
      .map(String)
      .filter((path) => !path.endsWith('/*') && path.length > 1);
    for (const path of named) expect(existsSync(join(installed, path)), path).toBe(true);
    for (const path of [
      'LICENSE',
      'THIRD-PARTY-LICENSES.md',
      'CHANGELOG.md',
      'README.md',
      'presets/cartpole.yaml',
      'native/quiet.cc',
    ])
      expect(existsSync(join(installed, path)), path).toBe(true);
    expect(engines).toEqual({ node: '>=24' });
    expect(
      Object.keys(manifest.dependencies).filter(
        (name) => name.startsWith('@qfleet/') || name.includes('tfjs-node'),
      ),
    ).toEqual([]);
    const root = join(import.meta.dirname, '../../..');
    for (const file of globSync('{dist,types,bin}/**/*.{js,ts}', { cwd: installed })) {
      const text = readFileSync(join(installed, file), 'utf8');
      expect(text.includes(root), file).toBe(false);
      for (const [, path] of text.matchAll(/(?:from|import\()\s*["'](\.{1,2}\/[^"'\n]+)["']/g)) {
        const target = join(installed, dirname(file), path!);
        const found = existsSync(file.endsWith('.d.ts') ? target.replace(/\.js$/, '.d.ts') : target);
        expect(found, `${file} names ${path}`).toBe(true);
      }
    }
  });

  it('trains, plays, exports and says what runs here, by its command', { timeout: 120_000 }, async () => {
    const { version } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
    const [program, ...args] =
      way === 'links' ? [join(installed, 'bin/qfleet.js')] : [...MANAGERS[way].run, 'qfleet'];
    const said = await runIn(project, program!, [...args, '--version']);
    expect(said).toMatchObject({ code: 0, stdout: `${version}\n` });
    const small = [
      '--max-updates',
      '64',
      '--set',
      'replay.minSize=100',
      '--set',
      'evaluation.episodes=2',
      '--json',
    ];
    const trained = await qfleet('train', 'cartpole', '--single', ...small, '--run-dir', 'runs/cartpole');
    expect(trained.code, trained.stderr).toBe(0);
    expect(JSON.parse(trained.stdout)).toMatchObject({
      stopReason: 'maxUpdates',
      versions: { qfleet: version },
    });
    const played = await qfleet('eval', 'runs/cartpole', '--episodes', '2', '--json');
    expect(JSON.parse(played.stdout).returns).toHaveLength(2);
    expect(await qfleet('export', 'runs/cartpole', 'policy.onnx')).toMatchObject({ code: 0 });
    expect(await qfleet('export', 'runs/cartpole', '--page', 'page')).toMatchObject({ code: 0 });
    expect(existsSync(join(project, 'page/index.html'))).toBe(true);
    const { stdout } = await qfleet('doctor', '--json');
    expect(JSON.parse(stdout)).toBeTruthy();
    expect(stdout).not.toContain('npm run setup');
  });

  it('trains an environment of the project with its own package, by a fleet', {
    timeout: 120_000,
  }, async () => {
    const small = [
      '--max-updates',
      '64',
      '--set',
      'replay.minSize=100',
      '--set',
      'evaluation.episodes=2',
      '--json',
    ];
    const trained = await qfleet('train', 'env.ts', ...small, '--actors', '1', '--run-dir', 'runs/odd');
    expect(trained.code, trained.stderr).toBe(0);
    expect(JSON.parse(trained.stdout)).toMatchObject({
      environment: 'Odd-v0',
      stopReason: 'maxUpdates',
      restarts: 0,
    });
  });

  it('is a library with types', { timeout: 120_000 }, async () => {
    const tsc = way === 'links' ? compiler : 'node_modules/typescript/bin/tsc';
    const checked = await runIn(project, process.execPath, [tsc, '-p', '.']);
    expect(checked).toEqual({ code: 0, stdout: '', stderr: '' });
    const { code, stdout, stderr } = await runIn(project, process.execPath, ['program.ts']);
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      action: expect.any(Number),
      names: expect.any(Number),
      browser: 'function',
    });
  });

  it('says in one sentence that a Node is too old', async () => {
    const older =
      "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.11.0' } })";
    const args = ['--import', `data:text/javascript,${older}`, join(installed, 'bin/qfleet.js'), 'doctor'];
    expect(await runIn(project, process.execPath, args)).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'error: Qfleet needs Node 24 or newer, and this is 20.11.0: install one from https://nodejs.org.\n',
    });
  });
});
