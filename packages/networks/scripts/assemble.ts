/** Writes the WebAssembly modules of src/inference from their sources; `node scripts/assemble.ts` after a change to one. */
import { readFileSync, writeFileSync } from 'node:fs';
import wabt from 'wabt';

const FEATURES = { simd: true, bulk_memory: true, threads: true, relaxed_simd: true };

/** The modules: each is NAME.wat in the folder of that name. */
export const MODULES = ['dense', 'convolution', 'transformer'] as const;

/** A file of that name in the folder of a module. */
const fileOf = (name: string, file: string): URL =>
  new URL(`../src/inference/${name}/${file}`, import.meta.url);

/** A module's bytes, in base64. */
export async function assemble(name: (typeof MODULES)[number]): Promise<string> {
  const source = readFileSync(fileOf(name, `${name}.wat`), 'utf8');
  const module = (await wabt()).parseWat(`${name}.wat`, source, FEATURES);
  // Its types lack the parameter, without which SIMD is refused.
  (module as { validate(features: typeof FEATURES): void }).validate(FEATURES);
  return Buffer.from(module.toBinary({}).buffer).toString('base64');
}

if (import.meta.main) {
  for (const name of MODULES) {
    const lines = (await assemble(name)).match(/.{1,100}/g)!;
    writeFileSync(
      fileOf(name, `${name}-wasm.ts`),
      [
        `// Written by scripts/assemble.ts from ${name}.wat.`,
        'const base64 =',
        `${lines.map((line) => `  '${line}'`).join(' +\n')};`,
        '',
        `/** The WebAssembly module of ${name}.wat. */`,
        `export const ${name}Wasm: Uint8Array<ArrayBuffer> = Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));`,
        '',
      ].join('\n'),
    );
  }
}
