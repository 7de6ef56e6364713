import { symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lastLine, runCommand } from './command.ts';

const require = createRequire(import.meta.url);

// Looked up when asked for: actors import this package too, and need not have tfjs-node.

/** The version of tfjs-node, whose addon is compiled and whose kernels run. */
export const tfjsVersion = (): string => (require('#tfjs-node/package.json') as { version: string }).version;

/** Our own parts of the addon. */
const OWN = ['quiet.cc', 'flush-denormals.cc', 'one-thread.cc'].map((name) =>
  fileURLToPath(import.meta.resolve(`#native/${name}`)),
);

/** Where the addon's own build would look for the libraries; the wheel names them otherwise. */
export async function linkLibraries(dir: string): Promise<void> {
  const libraries = join(dir, 'tensorflow');
  await symlink('libtensorflow_cc.so.2', join(libraries, 'libtensorflow.so'));
  await symlink('libtensorflow_framework.so.2', join(libraries, 'libtensorflow_framework.so'));
}

/**
 * Compiles tfjs-node's addon against the libraries in `dir/tensorflow`: one call of the compiler, since node-gyp
 * would fetch Node's headers from a site that many networks block. The addon is N-API, so any Node loads it.
 *
 * @throws When there is no compiler, or it fails.
 */
export async function compileAddon(dir: string, file: string): Promise<void> {
  const compiler = process.env['CXX'] || 'g++';
  const sources = join(dirname(require.resolve('#tfjs-node/package.json')), 'binding');
  const { include_dir: nodeHeaders } = require('node-api-headers') as { include_dir: string };
  const { code, stderr } = await runCommand(compiler, [
    ...['-shared', '-fPIC', '-O2', '-std=c++17', '-DNAPI_VERSION=8', '-o', file],
    ...['-I', nodeHeaders, '-I', join(dir, 'tensorflow', 'include'), '-I', sources],
    ...[join(sources, 'tfjs_backend.cc'), join(sources, 'tfjs_binding.cc'), ...OWN],
    ...[
      '-L',
      join(dir, 'tensorflow'),
      '-ltensorflow',
      '-ltensorflow_framework',
      '-Wl,-rpath,$ORIGIN/tensorflow',
    ],
  ]);
  if (code === 127) {
    throw new Error(`there is no C++ compiler (${compiler}): install one (Debian: apt-get install g++)`);
  }
  if (code !== 0) throw new Error(`${compiler} could not compile tfjs-node's addon: ${lastLine(stderr)}`);
}
