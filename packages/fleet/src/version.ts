import { readFileSync } from 'node:fs';

/** Qfleet's version: the one of all packages here, and of the one that is installed. */
export const version = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
