/** What of this package runs without Node: tensors from bytes, and functions op by op on tfjs's WASM. */
import { crc32 } from './formats/crc32.ts';
import { type DecodedTensors, decodeWith } from './formats/safetensors-decoder.ts';

export { compile } from './compile/compile-eager.ts';
export type * from './compile/types.ts';
export type { DecodedTensors } from './formats/safetensors-decoder.ts';
export { loadForActing, setWasmFile } from './load-browser.ts';
export type * from './named-tensors.ts';
export { randomNormal } from './random.ts';
export type * from './runtime.ts';
export { stopGradient } from './stop-gradient.ts';

/** As Node's, with a CRC-32 in JavaScript. @throws With one sentence on what is cut short, flipped or foreign. */
export const decodeTensors = (bytes: Uint8Array): DecodedTensors => decodeWith(crc32, bytes);
