import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { LibraryKind } from './provision/cache.ts';

const require = createRequire(import.meta.url);

/** The addon that the stock install of @tensorflow/tfjs-node(-gpu) leaves in its own package, or null. */
export function findStockBinding(kind: LibraryKind): string | null {
  const folder = packageOf(kind);
  if (folder === null) return null;
  const lib = join(folder, 'lib');
  if (!existsSync(lib)) return null;
  const newest = readdirSync(lib)
    .filter((each) => existsSync(join(lib, each, 'tfjs_binding.node')))
    .sort((a, b) => Number(b.replace(/\D/g, '')) - Number(a.replace(/\D/g, '')))[0];
  return newest === undefined ? null : join(lib, newest, 'tfjs_binding.node');
}

/** The folder of tfjs-node, or of its variant for GPUs; null: that one is not installed. */
function packageOf(kind: LibraryKind): string | null {
  try {
    return dirname(
      require.resolve(kind === 'gpu' ? '@tensorflow/tfjs-node-gpu/package.json' : '#tfjs-node/package.json'),
    );
  } catch {
    return null;
  }
}
