import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadRunConfig } from '@qfleet/config';
import { expect, it, onTestFinished } from 'vitest';
import { RunDirectory, StorageError, writeFileAtomically } from '../src/index.ts';

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'qfleet-storage-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

it('names the file that cannot be written, why, and what to do; and leaves nothing behind', () => {
  const folder = temporaryFolder();
  expect(() => writeFileAtomically(join(folder, 'gone/file.json'), '{}')).toThrow(
    `${join(folder, 'gone/file.json')} can't be written: its folder is gone (ENOENT), put that back.`,
  );
  expect(new StorageError('/runs/a/metrics.jsonl', 'ENOSPC', null)).toMatchObject({
    isFull: true,
    message: "/runs/a/metrics.jsonl can't be written: its disk is full (ENOSPC), make room there.",
  });
  expect(readdirSync(folder)).toEqual([]);
});

it('reads files, and neither devices nor pipes, which may have no end', () => {
  const folder = temporaryFolder();
  const { path } = RunDirectory.create(join(folder, 'run'), 'r', loadRunConfig({ preset: 'taxi' }));
  spawnSync('mkfifo', [join(folder, 'pipe')]);
  for (const name of ['metrics.jsonl', 'summary.json', 'config.yaml', 'run.json']) {
    const file = join(path, name);
    const before = existsSync(file) ? readFileSync(file) : null;
    for (const source of ['/dev/zero', join(folder, 'pipe')]) {
      rmSync(file, { force: true });
      symlinkSync(source, file);
      const read = () => {
        const directory = RunDirectory.open(path);
        return [directory.readSummary(), directory.readMetrics()];
      };
      expect(read).toThrow(new RegExp(`${name}\\S* (it )?is a .*device or a pipe, and no file`));
    }
    rmSync(file);
    if (before !== null) writeFileSync(file, before);
  }
});

it('a run that could not be begun leaves its directory empty', () => {
  const directory = RunDirectory.create(
    join(temporaryFolder(), 'run'),
    'r',
    loadRunConfig({ preset: 'taxi' }),
  );
  directory.discard();
  expect(readdirSync(directory.path)).toEqual([]);
  expect(() => RunDirectory.create(directory.path, 'r', directory.config)).not.toThrow();
});
