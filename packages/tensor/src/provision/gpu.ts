import { existsSync } from 'node:fs';

/** Whether the machine has an NVIDIA GPU with its driver; the files are the driver's own. */
export function hasNvidiaGpu(): boolean {
  return existsSync('/proc/driver/nvidia/version') || existsSync('/dev/nvidiactl') || existsSync('/dev/dxg');
}
