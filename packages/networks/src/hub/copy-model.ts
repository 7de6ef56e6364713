import { cpSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CONFIG, FILES } from './architecture.ts';
import { exists } from './read-json.ts';
import { VALUE_HEADS } from './value-heads.ts';
import { INDEX, WeightFiles } from './weight-files.ts';

/**
 * Copies a model, with its weights and its heads of values as they are. What else is in its directory is not copied.
 *
 * @throws ModelError where its weights are not there.
 */
export function copyModelDirectory(from: string, to: string): void {
  const weights = new WeightFiles(from);
  weights.close();
  const others = [INDEX, VALUE_HEADS, ...FILES].filter((name) => exists(join(from, name)));
  mkdirSync(to, { recursive: true });
  for (const name of [CONFIG, ...weights.paths.map((path) => basename(path)), ...others])
    cpSync(join(from, name), join(to, name));
}
