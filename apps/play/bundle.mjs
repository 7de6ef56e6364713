// Makes the page of what tsc compiled: one script and one style sheet in dist/page, with what they need beside them.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const out = join(root, 'dist', 'page');

mkdirSync(out, { recursive: true });
await build({
  entryPoints: [join(root, 'dist', 'main.js')],
  outfile: join(out, 'page.js'),
  bundle: true,
  // Taken by a script element, from a file as well. A `node:` import does not resolve, and ends this.
  format: 'iife',
  platform: 'browser',
  target: 'es2024',
  minify: true,
  legalComments: 'eof',
  define: { 'import.meta.url': 'undefined' },
  logLevel: 'warning',
});
const styles = [require.resolve('uplot/dist/uPlot.min.css'), join(root, 'page', 'page.css')];
writeFileSync(join(out, 'page.css'), styles.map((path) => readFileSync(path, 'utf8')).join('\n'));
copyFileSync(join(root, 'page', 'index.html'), join(out, 'index.html'));
const wasm = 'tfjs-backend-wasm-simd.wasm';
copyFileSync(join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')), wasm), join(out, wasm));
