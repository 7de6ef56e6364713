import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** tfjs's WebAssembly, for networks that our kernels do not compute. */
export const WASM = 'tfjs-backend-wasm-simd.wasm';

/** The page's own files, by what serves them, with their types. */
export const PAGE_FILES: Readonly<Record<string, string>> = {
  'index.html': 'text/html; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
  [WASM]: 'application/wasm',
};

/** The bytes of one of the page's files. */
export const pageFile = (name: string): Buffer =>
  readFileSync(fileURLToPath(import.meta.resolve(`#page/${name}`)));
