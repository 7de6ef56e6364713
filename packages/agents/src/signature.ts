import type { Signature } from '@qfleet/networks';
import type { Layout } from '@qfleet/replay';

/** What a Q-network takes and gives where a state is `frameStack` observations of `layout`. */
export function signatureOf(layout: Layout, frameStack = 1): Signature {
  return frameStack > 1 ? { ...layout, frames: frameStack } : layout;
}
