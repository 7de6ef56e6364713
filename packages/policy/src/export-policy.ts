import { existsSync, statSync } from 'node:fs';
import { dirname, extname } from 'node:path';
import { writeFileAtomically } from '@qfleet/report';
import { PolicyError } from './policy-error.ts';
import type { Trained } from './trained.ts';

/** How a policy is written, by the extension of the file. What an encoder needs is loaded with it. */
const ENCODERS: Readonly<Record<string, (trained: Trained) => Promise<Uint8Array | string>>> = {
  '.onnx': async (trained) => (await import('./onnx/encode-onnx.ts')).encodeOnnx(trained),
  '.safetensors': async (trained) =>
    (await import('./files/encode-safetensors.ts')).encodeSafetensors(trained),
  '.json': async (trained) => (await import('./files/encode-json.ts')).encodeJson(trained),
};

/** The extensions of the files that a policy can be written to. */
export const EXPORTED: readonly string[] = Object.keys(ENCODERS);

/**
 * Writes a policy to a file, in the format of its extension; a file that is there is replaced.
 *
 * @returns how many bytes it has.
 * @throws PolicyError for another extension, a folder that is not there, and what the format can't hold; StorageError where
 *   the file can't be written.
 */
export async function exportPolicy(trained: Trained, file: string): Promise<number> {
  const encode = ENCODERS[extname(file).toLowerCase()];
  if (encode === undefined) {
    throw new PolicyError(
      `${file} has no extension that says how to write the policy: take ${EXPORTED.join(', ')}.`,
    );
  }
  if (!existsSync(dirname(file)))
    throw new PolicyError(`There is no directory ${dirname(file)} for ${file}.`);
  if (existsSync(file) && !statSync(file).isFile()) {
    throw new PolicyError(`${file} is there and is no file: name another.`);
  }
  const content = await encode(trained);
  writeFileAtomically(file, content);
  return Buffer.byteLength(content);
}
