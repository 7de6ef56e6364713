// Makes what users install of the build: node packages/qfleet/pack/build.ts [FOLDER]. It leaves the package in dist/package and
// its tarball in FOLDER, or beside it, and prints where and how large that is.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.ts';
import { copyDeclarations } from './declarations.ts';
import { closureOf, installedIn, licencesOf } from './licences.ts';
import { manifestOf } from './manifest.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const out = join(root, 'packages/qfleet/dist/package');
const to = resolve(process.argv[2] ?? join(root, 'packages/qfleet/dist'));

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
await bundle(root, out);
copyDeclarations(root, join(out, 'types'), {
  index: 'packages/qfleet/dist/index.d.ts',
  browser: 'packages/browser/dist/browser.d.ts',
});
for (const [from, at] of [
  ['packages/config/presets', 'presets'],
  ['packages/tensor/native', 'native'],
  ['apps/play/dist/page', 'page'],
  ['packages/qfleet/pack/bin', 'bin'],
  ['LICENSE', 'LICENSE'],
  ['packages/qfleet/README.md', 'README.md'],
  ['packages/qfleet/CHANGELOG.md', 'CHANGELOG.md'],
] as const) {
  if (existsSync(join(root, from))) cpSync(join(root, from), join(out, at), { recursive: true });
}
const tfjsNode = vendorTfjsNode();
writeLicences(tfjsNode);
const manifest = manifestOf(root);
writeFileSync(join(out, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);

mkdirSync(to, { recursive: true });
const printed = execFileSync('npm', ['pack', '--json', '--pack-destination', to], {
  cwd: out,
  encoding: 'utf8',
  // What npm says of itself is no part of the JSON.
  stdio: ['ignore', 'pipe', 'ignore'],
});
const packed = Object.values(
  JSON.parse(printed) as Record<string, { filename: string; unpackedSize: number }>,
)[0];
const tarball = join(to, packed.filename);
console.log(JSON.stringify({ tarball, bytes: statSync(tarball).size, unpackedBytes: packed.unpackedSize }));

/** TensorFlow.js's kernels for Node, and the sources of its addon: as a dependency it would fetch a TensorFlow when it is installed. */
function vendorTfjsNode(): string {
  const from = installedIn(join(root, 'packages/tensor'), '@tensorflow/tfjs-node')!;
  const at = join(out, 'vendor/tfjs-node');
  const isUsed = (file: string): boolean =>
    statSync(file).isDirectory() || (/\.(js|cc|h)$/.test(file) && !/_test\.|run_tests/.test(file));
  for (const folder of ['dist', 'binding'])
    cpSync(join(from, folder), join(at, folder), { recursive: true, filter: isUsed });
  const { name, version, license } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')) as Record<
    string,
    string
  >;
  // CommonJS, within a package of ES modules.
  writeFileSync(
    join(at, 'package.json'),
    `${JSON.stringify({ name, version, license, type: 'commonjs' }, null, 2)}\n`,
  );
  if (readdirSync(join(at, 'binding')).length === 0) throw new Error('There are no sources of the addon.');
  return from;
}

/** The licences of the vendored files, and of what is built into the page. */
function writeLicences(tfjsNode: string): void {
  const ours = [
    'browser',
    'agents',
    'config',
    'envs',
    'networks',
    'random',
    'replay',
    'rollout',
    'spaces',
    'tensor',
  ];
  const inPage = ours.flatMap((name) => {
    const folder = join(root, 'packages', name);
    const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>;
    };
    return closureOf(
      folder,
      Object.keys(dependencies).filter((each) => !each.startsWith('@qfleet/')),
    );
  });
  const play = join(root, 'apps/play');
  const page = new Set([...inPage, ...closureOf(play, ['uplot', '@tensorflow/tfjs-backend-wasm'])]);
  const held = [
    {
      folder: tfjsNode,
      as: 'Kernels for Node and the sources of the addon, unchanged, in `vendor/tfjs-node`',
    },
    ...[...page].map((folder) => ({ folder, as: 'Built into the page in `page`, where that uses it' })),
  ];
  const text = licencesOf(held, readFileSync(join(root, 'LICENSE'), 'utf8'));
  writeFileSync(join(out, 'THIRD-PARTY-LICENSES.md'), text);
}
