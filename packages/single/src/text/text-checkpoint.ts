import {
  closeSync,
  cpSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { copyModelFiles, saveWeights } from '@qfleet/networks';
import { readTextFile, storageError } from '@qfleet/report';
import { type NamedTensors, readSafetensors, writeSafetensors } from '@qfleet/tensor';
import { z } from 'zod';
import { TextError } from './text-error.ts';
import { givenModel, keptElsewhere, type TextModel } from './text-model.ts';

/** How many checkpoints a run keeps. */
const KEPT = 2;

/** The files of a checkpoint that training goes on from. All others are the model, in Hugging Face's format. */
const STATE = 'state.safetensors';
const PROGRESS = 'progress.json';

/** Bytes that are read at once. */
const PART_BYTES = 1 << 24;

const progressSchema = z.strictObject({
  format: z.literal(1),
  updates: z.int().positive(),
  seconds: z.number().nonnegative(),
  /** The CRC-32 of `state.safetensors`. */
  crc32: z.int().nonnegative(),
});

/** Where training stood at a checkpoint. */
export interface TextProgressMade {
  readonly updates: number;
  /** Seconds of training, over all of the run's sessions. */
  readonly seconds: number;
  /** What the learner needs: parameters, the optimizer's slots, the count of updates. */
  readonly state: NamedTensors;
}

/** A checkpoint that training goes on from exactly. */
export interface TextCheckpoint extends TextProgressMade {
  /** With its parameters as they were. */
  readonly model: TextModel;
}

/** The checkpoints of a run directory, oldest first: a directory each. */
export function checkpointsIn(run: string): string[] {
  const directory = join(run, 'checkpoints');
  const names = existsSync(directory) ? readdirSync(directory) : [];
  return names
    .filter((name) => /^\d{12}$/.test(name))
    .sort()
    .map((name) => join(directory, name));
}

/**
 * Writes a checkpoint, whole or not at all, and removes old ones.
 *
 * @param run the run directory.
 * @throws StorageError where the operating system refuses it.
 */
export function writeCheckpoint(
  run: string,
  { directory, type, shape }: TextModel,
  parameters: NamedTensors,
  { state, updates, seconds }: TextProgressMade,
): void {
  const checkpoints = join(run, 'checkpoints');
  const path = join(checkpoints, String(updates).padStart(12, '0'));
  const part = `${path}.part`;
  try {
    // What a killed process left, of this update or another.
    for (const name of readdirSync(checkpoints))
      if (name.endsWith('.part')) rmSync(join(checkpoints, name), { recursive: true });
    mkdirSync(part);
    copyModelFiles(directory, part);
    saveWeights(part, type, shape, parameters);
    const tensors = [...state].map(([name, { shape: size, data }]) => {
      return { name, dtype: 'F32' as const, shape: size, data };
    });
    writeSafetensors(join(part, STATE), tensors);
    const progress = { format: 1, updates, seconds, crc32: checksumOf(join(part, STATE)) };
    writeFileSync(join(part, PROGRESS), `${JSON.stringify(progress)}\n`);
    for (const name of readdirSync(part)) sync(join(part, name));
    rmSync(path, { recursive: true, force: true });
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { recursive: true, force: true });
    throw storageError(error, path);
  }
  for (const old of checkpointsIn(run).slice(0, -KEPT)) rmSync(old, { recursive: true });
}

/** Copies the model of a checkpoint to a directory. */
export function copyModel(checkpoint: string, to: string): void {
  const isModel = (path: string): boolean => ![STATE, PROGRESS].includes(basename(path));
  cpSync(checkpoint, to, { recursive: true, filter: isModel });
}

/**
 * Reads a checkpoint: all of it is checked before any of it is used.
 *
 * @throws TextError where it is damaged, or no training can go on from it; ModelError where its model is damaged.
 */
export function readCheckpoint(path: string): TextCheckpoint {
  const missing = [STATE, PROGRESS].find((name) => !existsSync(join(path, name)));
  if (missing !== undefined)
    throw new TextError(
      `${path} has no ${missing}, so training can't go on from it: begin another run with --model ${path}.`,
    );
  const file = join(path, STATE);
  const progress = readProgress(join(path, PROGRESS));
  if (checksumOf(file) !== progress.crc32)
    throw damaged(path, `${STATE} is not what was written: its CRC-32 differs from the one in ${PROGRESS}`);
  let state: NamedTensors;
  try {
    state = readSafetensors(file);
  } catch (cause) {
    throw damaged(path, `${STATE}: ${(cause as Error).message}`);
  }
  // Later checkpoints take its place.
  return { model: keptElsewhere(givenModel(path)), ...progress, state };
}

function readProgress(path: string): z.infer<typeof progressSchema> {
  try {
    return progressSchema.parse(JSON.parse(readTextFile(path)));
  } catch {
    throw damaged(join(path, '..'), `${PROGRESS} is not what Qfleet writes`);
  }
}

const damaged = (path: string, why: string): TextError =>
  new TextError(`The checkpoint ${path} is damaged, ${why}: remove it to go on from the one before.`);

/** The CRC-32 of a file. */
function checksumOf(path: string): number {
  const part = new Uint8Array(PART_BYTES);
  const file = openSync(path, 'r');
  try {
    let checksum = 0;
    for (let read = readSync(file, part); read > 0; read = readSync(file, part))
      checksum = crc32(part.subarray(0, read), checksum);
    return checksum;
  } finally {
    closeSync(file);
  }
}

function sync(path: string): void {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
