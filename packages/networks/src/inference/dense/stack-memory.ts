import { writeNorm } from '../norm.ts';
import type { DenseLayer } from './layer.ts';
import type { StackLayout } from './stack-layout.ts';

const PAGE = 65_536;

/** Memory for a stack, all zeros except the table of shuffles. Pages that nobody touches cost nothing. */
export function allocate(layout: StackLayout): WebAssembly.Memory {
  const memory = new WebAssembly.Memory({ initial: Math.ceil(layout.bytes / PAGE) });
  writeShuffles(new Uint8Array(memory.buffer, layout.compress, 256));
  return memory;
}

/** For each mask of 4 lanes the bytes of those lanes, in order, and then zeros, which is what an index past 15 gives. */
function writeShuffles(shuffles: Uint8Array): void {
  shuffles.fill(255);
  for (let mask = 0; mask < 16; mask++) {
    let to = mask * 16;
    for (let lane = 0; lane < 4; lane++) {
      if (mask & (1 << lane)) for (let byte = 0; byte < 4; byte++) shuffles[to++] = lane * 4 + byte;
    }
  }
}

/** Copies layers of the layout's sizes into `memory` (float32 of the whole), kernels in panels of 32 outputs. */
export function writeLayers(memory: Float32Array, layout: StackLayout, layers: readonly DenseLayer[]): void {
  for (const [i, { inputs, outputs, kernel, bias, norm }] of layers.entries()) {
    const place = layout.places[i];
    for (let o = 0; o < outputs; o += 32) {
      const panel = place.kernel / 4 + o * place.inputs;
      const width = Math.min(32, outputs - o);
      for (let row = 0; row < inputs; row++) {
        const start = row * outputs + o;
        memory.set(kernel.subarray(start, start + width), panel + row * 32);
      }
    }
    memory.set(bias, place.bias / 4);
    if (norm !== undefined && place.norm !== null) writeNorm(memory, place.norm, norm);
  }
}
