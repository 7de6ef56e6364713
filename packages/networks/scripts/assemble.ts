/** Writes src/inference/dense/dense-wasm.ts from src/inference/dense/dense.wat; `node scripts/assemble.ts` after a change to the latter. */
import { readFileSync, writeFileSync } from 'node:fs';
import wabt from 'wabt';

const FEATURES = { simd: true };

/** The module's bytes, in base64. */
export async function assemble(): Promise<string> {
  const source = readFileSync(new URL('../src/inference/dense/dense.wat', import.meta.url), 'utf8');
  const module = (await wabt()).parseWat('dense.wat', source, FEATURES);
  // Its types lack the parameter, without which SIMD is refused.
  (module as { validate(features: typeof FEATURES): void }).validate(FEATURES);
  return Buffer.from(module.toBinary({}).buffer).toString('base64');
}

if (import.meta.main) {
  const lines = (await assemble()).match(/.{1,100}/g)!;
  writeFileSync(
    new URL('../src/inference/dense/dense-wasm.ts', import.meta.url),
    [
      '// Written by scripts/assemble.ts from dense.wat.',
      'const base64 =',
      `${lines.map((line) => `  '${line}'`).join(' +\n')};`,
      '',
      '/** The WebAssembly module of dense.wat. */',
      "export const denseWasm: Uint8Array<ArrayBuffer> = Uint8Array.from(Buffer.from(base64, 'base64'));",
      '',
    ].join('\n'),
  );
}
