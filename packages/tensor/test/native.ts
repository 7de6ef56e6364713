import { tfjsVersion } from '../src/provision/addon.ts';
import { cacheDirectory, findProvisioned } from '../src/provision/cache.ts';

/** Whether set-up brought libtensorflow; tests that need it are skipped where it did not (no network, no compiler). */
export const hasLibrary = findProvisioned('cpu', tfjsVersion(), cacheDirectory()) !== null;
