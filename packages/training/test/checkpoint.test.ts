import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StorageError } from '@qfleet/report';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  bestCheckpoint,
  type Checkpoint,
  CheckpointError,
  CheckpointFolder,
  latestCheckpoint,
  listCheckpoints,
  outlastFullDisk,
  readCheckpoint,
} from '../src/index.ts';

const checkpoint = (updates: number): Checkpoint => ({
  updates,
  version: updates / 10,
  steps: 3 * updates,
  generation: 'first',
  stepsBefore: 0,
  seconds: 1.5,
  random: [1, 2, 3, 4_294_967_295],
  config: { name: 'test', seed: 7, agent: { kind: 'dqn' } },
  parameters: new Map([
    ['dense/kernel', { shape: [2, 3], data: Float32Array.from([1, -2, 3.5, 0, updates, 1e-9]) }],
  ]),
  state: new Map([
    ['online/dense/kernel', { shape: [2, 3], data: Float32Array.from([1, -2, 3.5, 0, updates, 1e-9]) }],
    ['updates', { shape: [], data: Float32Array.from([updates]) }],
  ]),
});

const result = (updates: number) => ({
  id: `evaluation-${updates}`,
  updates,
  seed: 1,
  returns: [updates],
  mean: updates,
  std: 0,
  seconds: 1,
});

describe('checkpoints', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'qfleet-checkpoint-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('are files: devices, pipes and what is too large are refused at once', async () => {
    const refused = async (name: string, says: RegExp) => {
      const path = join(directory, name);
      await expect(readCheckpoint(path)).rejects.toThrow(says);
      await rm(path, { recursive: true });
    };
    await symlink('/dev/zero', join(directory, 'device'));
    await refused('device', /device can't be read: it is a device or a pipe, and no file\.$/);
    spawnSync('mkfifo', [join(directory, 'pipe')]);
    await refused('pipe', /pipe can't be read: it is a device or a pipe, and no file\.$/);
    await mkdir(join(directory, 'folder'));
    await refused('folder', /folder can't be read: it is a folder, and no file\.$/);
    await writeFile(join(directory, 'large'), '');
    await truncate(join(directory, 'large'), 2 ** 40);
    await refused(
      'large',
      /large can't be read: it has 1099511627776 bytes, and 2147483647 are read at most\.$/,
    );
    await expect(readCheckpoint(join(directory, 'none'))).rejects.toThrow(
      /^There is no checkpoint \S+none\.$/,
    );
  });

  it('are passed over where they are none', async () => {
    const folder = new CheckpointFolder(directory, 5);
    await folder.write(checkpoint(10), false);
    await symlink('/dev/zero', join(directory, '000000000020.safetensors'));
    expect((await latestCheckpoint(directory))?.updates).toBe(10);
  });

  it('wait for room on a full disk where that is wanted, and clear what a killed writer left', async () => {
    await writeFile(join(directory, '.000000000005.safetensors.0123abcd.tmp'), 'half');
    const ended = new AbortController();
    const said: string[] = [];
    const say = (message: string) => said.push(message);
    let tries = 0;
    const full = async <T>(write: () => Promise<T>): Promise<T> => {
      if (++tries === 1) throw new StorageError('/runs/a', 'ENOSPC', null);
      return write();
    };
    const folder = new CheckpointFolder(directory, 5, (write) =>
      outlastFullDisk(() => full(write), { warn: say, info: say, signal: ended.signal }),
    );
    await folder.write(checkpoint(10), false);
    expect(said).toEqual([
      "/runs/a can't be written: its disk is full (ENOSPC), make room there. Until then this waits.",
      'The disk has room again.',
    ]);
    expect(await readdir(directory)).toEqual(['000000000010.safetensors']);
    ended.abort();
    tries = 0;
    await expect(folder.write(checkpoint(20), false)).rejects.toThrow(StorageError);
  });

  it('come back exactly', async () => {
    await new CheckpointFolder(directory, 5).write(checkpoint(100), false);
    expect(await latestCheckpoint(directory)).toEqual(checkpoint(100));
  });

  it('with numbers that are not finite are passed over, the best one too', async () => {
    const folder = new CheckpointFolder(directory, 5);
    await folder.write(checkpoint(100), true);
    await folder.keepBest(result(100));
    await folder.release(100);
    const poisoned = new Map([['online/m', { shape: [1], data: Float32Array.of(Number.POSITIVE_INFINITY) }]]);
    await folder.write({ ...checkpoint(200), state: poisoned }, true);
    const told: string[] = [];
    const latest = await latestCheckpoint(directory, ({ message }) => told.push(message));
    expect(latest!.updates).toBe(100);
    expect(told).toEqual([
      expect.stringMatching(
        /000200\.safetensors can't be read: state\/online\/m is not finite, so training had diverged when it was written\.$/,
      ),
    ]);
    await folder.keepBest(result(200));
    await folder.release(200);
    expect((await bestCheckpoint(directory))!.updates).toBe(100);
  });

  it('are the last few, with those under evaluation and the best', async () => {
    const folder = new CheckpointFolder(directory, 2);
    for (const updates of [10, 20, 30, 40, 50]) await folder.write(checkpoint(updates), updates === 10);
    const kept = async () =>
      (await listCheckpoints(directory)).map((path) => Number(path.match(/(\d+)\.safe/)?.[1]));
    expect(await kept()).toEqual([10, 40, 50]);
    expect((await bestCheckpoint(directory))?.updates).toBe(50);
    await folder.keepBest(result(10));
    await folder.release(10);
    expect(await kept()).toEqual([40, 50]);
    expect((await bestCheckpoint(directory))?.updates).toBe(10);
    expect(await new CheckpointFolder(directory, 2).best()).toEqual(result(10));
    await folder.release(40);
    // One whose checkpoint was removed can't become the best.
    expect(await folder.keepBest(result(20))).toBe(false);
    expect((await folder.best())?.updates).toBe(10);
    // The best is found again where it is no longer among the last.
    expect((await folder.read(10))?.updates).toBe(10);
    expect((await folder.read(50))?.updates).toBe(50);
    expect(await folder.read(20)).toBeNull();
    expect((await bestCheckpoint(directory))?.updates).toBe(10);
  });

  it('have an evaluation at a run’s end, which is of no other checkpoint', async () => {
    const folder = new CheckpointFolder(directory, 2);
    await folder.write(checkpoint(10), false);
    expect(await folder.final({ updates: 10, version: 3 })).toBeNull();
    await folder.keepFinal({ ...result(10), version: 3 });
    expect(await folder.final({ updates: 10, version: 3 })).toEqual({ ...result(10), version: 3 });
    // Training came to it anew.
    expect(await folder.final({ updates: 10, version: 4 })).toBeNull();
    expect(await folder.final({ updates: 20, version: 3 })).toBeNull();
  });

  it('leave no temporary files', async () => {
    const folder = new CheckpointFolder(directory, 2);
    for (const updates of [10, 20, 30]) await folder.write(checkpoint(updates), false);
    expect((await readdir(directory)).sort()).toEqual([
      '000000000020.safetensors',
      '000000000030.safetensors',
    ]);
  });

  it('cut short at any place are refused by name, and the one before is taken', async () => {
    const folder = new CheckpointFolder(directory, 5);
    await folder.write(checkpoint(10), false);
    await folder.write(checkpoint(20), false);
    const [, path] = await listCheckpoints(directory);
    const whole = await readFile(path);
    for (const length of [0, 4, 8, 100, whole.length - 1]) {
      await truncate(path, length);
      await expect(readCheckpoint(path)).rejects.toThrow(CheckpointError);
      await expect(readCheckpoint(path)).rejects.toThrow(/20\.safetensors can't be read: .+/);
      const damaged: string[] = [];
      const latest = await latestCheckpoint(directory, (error) => damaged.push(error.message));
      expect(latest?.updates).toBe(10);
      expect(damaged).toHaveLength(1);
      await writeFile(path, whole);
    }
  });

  it('with any flipped byte are refused', async () => {
    await new CheckpointFolder(directory, 5).write(checkpoint(10), false);
    const [path] = await listCheckpoints(directory);
    const whole = await readFile(path);
    for (let at = 0; at < whole.length; at += 3) {
      const flipped = Buffer.from(whole);
      flipped[at] ^= 0x10;
      await writeFile(path, flipped);
      await expect(readCheckpoint(path)).rejects.toThrow(CheckpointError);
    }
  });

  it('are none in a folder without any, and an error where all are damaged', async () => {
    expect(await latestCheckpoint(join(directory, 'missing'))).toBeNull();
    await writeFile(join(directory, '000000000010.safetensors'), 'nonsense');
    await expect(latestCheckpoint(directory)).rejects.toThrow(/all 1 are damaged; delete them/);
  });

  it('that are all damaged are counted, and the best one is named where it is whole', async () => {
    const folder = new CheckpointFolder(directory, 5);
    for (const updates of [10, 20]) await folder.write(checkpoint(updates), false);
    await folder.keepBest(result(10));
    await folder.release(10);
    for (const path of await listCheckpoints(directory)) await truncate(path, 100);
    await expect(latestCheckpoint(directory)).rejects.toThrow(
      /^Of the checkpoints in .* all 2 are damaged; best\.safetensors is whole: copy it over 000000000020\.safetensors/,
    );
    expect((await bestCheckpoint(directory))?.updates).toBe(10);
  });

  it('fall back on the newest where the best one is damaged', async () => {
    const folder = new CheckpointFolder(directory, 5);
    for (const updates of [10, 20]) await folder.write(checkpoint(updates), false);
    await folder.keepBest(result(10));
    await folder.release(10);
    await truncate(join(directory, 'best.safetensors'), 100);
    const damaged: string[] = [];
    const best = await bestCheckpoint(directory, (error) => damaged.push(error.message));
    expect(best?.updates).toBe(20);
    expect(damaged).toEqual([expect.stringMatching(/best\.safetensors can't be read/)]);
  });
});
