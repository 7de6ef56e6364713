import { fileURLToPath } from 'node:url';

/** The program of a fleet's process. */
export const mainOf = (role: string): string =>
  fileURLToPath(new URL(`../../../apps/${role}/dist/main.js`, import.meta.url));
