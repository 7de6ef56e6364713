import { isBuiltin } from 'node:module';
import { type Context, createContext, runInContext } from 'node:vm';
import { rolldown } from 'rolldown';
import { expect } from 'vitest';

/** What a browser has beside JavaScript's own globals, as far as it is needed. */
const WEB = { TextDecoder, TextEncoder, URL, performance, console, setTimeout, atob };

/** A context without Node's globals, in which `browser` is this package as bundlers make it for browsers. */
export async function browserContext(): Promise<Context> {
  const context = createContext({ ...WEB });
  await using bundle = await rolldown({
    input: new URL('../dist/browser.js', import.meta.url).pathname,
    platform: 'browser',
    // A script has no import.meta.
    transform: { define: { 'import.meta.url': '"https://localhost/browser.js"' } },
    plugins: [
      {
        name: 'no Node',
        resolveId: (id, importer) => {
          // Those of tfjs are in branches for Node, and its package.json leaves them out for browsers.
          if (isBuiltin(id) && !importer?.includes('node_modules')) {
            throw new Error(`${importer} imports ${id}.`);
          }
        },
      },
    ],
  });
  const { output } = await bundle.generate({ format: 'iife', name: 'browser', codeSplitting: false });
  expect(output).toHaveLength(1);
  expect(output[0].imports).toEqual([]);
  runInContext(output[0].code, context);
  return context;
}
