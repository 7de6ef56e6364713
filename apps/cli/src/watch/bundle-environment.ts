import { fileURLToPath } from 'node:url';
import { moduleLibrary } from '@qfleet/browser';
import type { Plugin } from 'esbuild';
import { UsageError } from '../errors.ts';
import { shown } from '../terminal/output.ts';

/** The global that the page looks for, and the one that it gives. */
const GLOBAL = 'qfleetEnvironment';
const LIBRARY = 'qfleetLibrary';

/**
 * A user's environment as a script for browsers: its module, and what that imports. Nothing of it runs here.
 *
 * @throws UsageError where it can't be one: it imports what only Node has, or does not parse.
 */
export async function bundleEnvironment(path: string): Promise<string> {
  const { build } = await import('esbuild');
  const environments = fileURLToPath(import.meta.resolve('#browser-envs'));
  const result = await build({
    entryPoints: [path],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: GLOBAL,
    platform: 'browser',
    target: 'es2024',
    // As in Node, where the names are known to modules wherever they lie.
    alias: { '@qfleet/envs': environments },
    plugins: [pageLibrary],
    logLevel: 'silent',
  }).catch((error: { errors?: readonly BundleError[]; message: string }) => {
    throw new UsageError(sentenceOf(path, error.errors?.[0] ?? { text: error.message, location: null }));
  });
  return result.outputFiles[0].text;
}

/** Has 'qfleet' be the page's own: what the module registers there is what the page finds. */
const pageLibrary: Plugin = {
  name: 'page-library',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^qfleet$/ }, ({ path }) => ({ path, namespace: LIBRARY }));
    onLoad({ filter: /.*/, namespace: LIBRARY }, () => ({
      contents: `export const { ${Object.keys(moduleLibrary).join(', ')} } = globalThis.${LIBRARY};`,
      loader: 'js',
    }));
  },
};

interface BundleError {
  readonly text: string;
  readonly location: { readonly file: string; readonly line: number; readonly column: number } | null;
}

function sentenceOf(path: string, { text, location }: BundleError): string {
  const place = location === null ? '' : ` (${location.file}:${location.line}:${location.column + 1})`;
  const absent = /^No matching export in "qfleetLibrary:qfleet" for import "([^"]+)"/.exec(text)?.[1];
  if (absent !== undefined) {
    return `Environment module ${shown(path)} imports ${absent} from qfleet${place}, which a browser does not have: this page plays it there.`;
  }
  const missing = /^Could not resolve "([^"]+)"/.exec(text)?.[1];
  return missing === undefined
    ? `Environment module ${shown(path)} can't be made a script for browsers: ${text.replace(/\.$/, '')}${place}.`
    : `Environment module ${shown(path)} imports ${missing}${place}, which a browser does not have: this page plays it there.`;
}
