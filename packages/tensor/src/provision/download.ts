import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** The lower-case hexadecimal SHA-256 of a file. */
export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(file)) hash.update(part as Buffer);
  return hash.digest('hex');
}

/**
 * Downloads `url` to `file`, going on from what an interrupted download left in `file.part` (HTTP Range).
 *
 * @throws When the server refuses, the connection breaks (what came stays for the next try), or the SHA-256 of the
 *   whole differs (what came is then removed, since going on from it could never succeed).
 */
export async function download(url: string, file: string, sha256: string): Promise<void> {
  if (existsSync(file) && (await sha256Of(file)) === sha256) return;
  await mkdir(dirname(file), { recursive: true });
  const part = `${file}.part`;
  await fetchRest(url, part);
  const actual = await sha256Of(part);
  if (actual !== sha256) {
    await rm(part);
    throw new Error(`${url} has SHA-256 ${actual}, expected ${sha256}: the download was damaged, try again`);
  }
  await rename(part, file);
}

async function fetchRest(url: string, part: string): Promise<void> {
  if (url.startsWith('file:')) {
    await pipeline(createReadStream(new URL(url)), createWriteStream(part));
    return;
  }
  const have = existsSync(part) ? (await stat(part)).size : 0;
  const response = await fetch(url, { headers: have > 0 ? { range: `bytes=${have}-` } : {} });
  // 416: there is nothing after what we have; the checksum tells whether that is the whole.
  if (response.status === 416) {
    await response.body?.cancel();
    return;
  }
  if (!response.ok || response.body === null) {
    throw new Error(`${url} answered ${response.status} ${response.statusText}`);
  }
  // A server that ignores Range answers 200 with the whole file: start over.
  const flags = response.status === 206 ? 'a' : 'w';
  await pipeline(Readable.fromWeb(response.body), createWriteStream(part, { flags }));
}
