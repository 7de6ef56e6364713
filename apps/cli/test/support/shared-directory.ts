import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** An empty directory for all tests of a file. */
export function sharedDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'qfleet-cli-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
