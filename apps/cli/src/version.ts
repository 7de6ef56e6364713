import { readFileSync } from 'node:fs';

/** Qfleet's version, as its package states it. */
export const version = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
