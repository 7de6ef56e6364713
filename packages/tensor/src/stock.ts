import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { LibraryKind } from './provision/cache.ts';

const require = createRequire(import.meta.url);

/** The addon that the stock install of @tensorflow/tfjs-node(-gpu) leaves in its own package, or null. */
export function findStockBinding(kind: LibraryKind): string | null {
  const name = kind === 'gpu' ? '@tensorflow/tfjs-node-gpu' : '@tensorflow/tfjs-node';
  const lib = join(dirname(require.resolve(`${name}/package.json`)), 'lib');
  if (!existsSync(lib)) return null;
  const newest = readdirSync(lib)
    .filter((each) => existsSync(join(lib, each, 'tfjs_binding.node')))
    .sort((a, b) => Number(b.replace(/\D/g, '')) - Number(a.replace(/\D/g, '')))[0];
  return newest === undefined ? null : join(lib, newest, 'tfjs_binding.node');
}
