import { readFile } from 'node:fs/promises';
import { UsageError } from './errors.ts';

/** @throws UsageError where a file can't be read or holds no JSON. */
export async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const known: Record<string, string> = { ENOENT: 'there is no such file', EISDIR: 'it is a directory' };
    throw new UsageError(`${path}: ${known[cause.code ?? ''] ?? cause.message}.`, { cause });
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`${path} is not JSON: ${(cause as Error).message}.`, { cause });
  }
}
