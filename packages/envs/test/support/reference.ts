import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where what the originals did lies: what is stored, or what `npm run test:parity` has them play afresh. */
const folder = process.env['QFLEET_REFERENCE'] ?? fileURLToPath(new URL('../reference', import.meta.url));

/** A file that a script of `test/reference` wrote. */
export const readReference = (name: string): Buffer => readFileSync(join(folder, name));

/** The same, as JSON. */
export const readReferenceJson = <T>(name: string): T => JSON.parse(readReference(name).toString()) as T;
