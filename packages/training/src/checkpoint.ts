import { constants } from 'node:fs';
import { copyFile, mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { RandomState } from '@qfleet/random';
import type { DrawnChunk, Layout } from '@qfleet/replay';
import { decodeTensors, encodeTensors, type NamedTensors } from '@qfleet/tensor';
import type { BestEvaluation, FinalEvaluation } from './evaluation/result.ts';
import { firstNonFinite } from './finite.ts';
import { TEMPORARY, writeAtomically } from './write-atomically.ts';

/** A checkpoint file that can't be used; the message says which, why and what to do. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
}

/** Everything that training continues from, exactly. */
export interface Checkpoint {
  readonly updates: number;
  /** The last published weights version; the next one is higher. */
  readonly version: number;
  /** Environment steps of the run at that time. */
  readonly steps: number;
  /** The replay that the steps are counted in; null: none yet. */
  readonly generation: string | null;
  /** How many of `steps` were in earlier replays, which were lost. */
  readonly stepsBefore: number;
  /** Seconds of training so far, over all of the run's starts. */
  readonly seconds: number;
  /** The updates at which the next evaluation is due; undefined in those of older versions. */
  readonly nextEvaluation?: number;
  readonly random: RandomState;
  /** Chunks of texts that were drawn and were in no batch yet; undefined: none, or of an older version. */
  readonly drawn?: readonly DrawnChunk[];
  /** The run's configuration, as YAML's data model (plain JSON). */
  readonly config: unknown;
  /** What the network sees of a state, and how many actions it values; undefined in those of older versions. */
  readonly layout?: Layout;
  /** What actors and evaluators need. */
  readonly parameters: NamedTensors;
  /** What the agent needs: parameters, target, optimizer. */
  readonly state: NamedTensors;
}

const FORMAT = 'qfleet-checkpoint-1';
const SUFFIX = '.safetensors';
const BEST = `best${SUFFIX}`;
const BEST_EVALUATION = 'best.json';
const FINAL_EVALUATION = 'final.json';
/** Bytes that Node reads at once. */
const LARGEST_FILE = 2 ** 31 - 1;

const prefixed = (prefix: string, tensors: NamedTensors) =>
  Array.from(tensors, ([name, tensor]) => [`${prefix}${name}`, tensor] as const);

const withoutPrefix = (prefix: string, tensors: NamedTensors): NamedTensors =>
  new Map(
    Array.from(tensors)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );

/** One safetensors file: any reader of the format can open it. */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const { parameters, state, ...rest } = checkpoint;
  const tensors = new Map([...prefixed('parameters/', parameters), ...prefixed('state/', state)]);
  return encodeTensors(tensors, { format: FORMAT, checkpoint: JSON.stringify(rest) });
}

/**
 * The checkpoint in the bytes of a file.
 * @throws {CheckpointError} naming `file` where the bytes are cut short, altered, something else, or hold numbers that are not finite.
 */
export function decodeCheckpoint(bytes: Uint8Array, file: string): Checkpoint {
  try {
    const { tensors, metadata } = decodeTensors(bytes);
    if (metadata.format !== FORMAT || metadata.checkpoint === undefined) {
      throw new Error(`it says "${metadata.format ?? 'nothing'}" where "${FORMAT}" is expected`);
    }
    const bad = firstNonFinite(tensors);
    if (bad !== null) throw new Error(`${bad} is not finite, so training had diverged when it was written`);
    return {
      ...(JSON.parse(metadata.checkpoint) as Omit<Checkpoint, 'parameters' | 'state'>),
      parameters: withoutPrefix('parameters/', tensors),
      state: withoutPrefix('state/', tensors),
    };
  } catch (error) {
    throw new CheckpointError(`The checkpoint ${file} can't be read: ${(error as Error).message}.`, {
      cause: error,
    });
  }
}

/**
 * Reads a checkpoint's file.
 * @throws {CheckpointError} where there is no such file, it is none, it is too large, or it is damaged.
 */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  let bytes: Uint8Array;
  try {
    bytes = await readRegularFile(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new CheckpointError(`There is no checkpoint ${path}.`, { cause });
    const why = code === undefined ? message : `the operating system says ${code}`;
    throw new CheckpointError(`The checkpoint ${path} can't be read: ${why}.`, { cause });
  }
  return decodeCheckpoint(bytes, path);
}

/** The bytes of a file. A device, a pipe or a socket, which may have no end, is refused; none is waited for. */
async function readRegularFile(path: string): Promise<Uint8Array> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile())
      throw new Error(`it is ${stat.isDirectory() ? 'a folder' : 'a device or a pipe'}, and no file`);
    if (stat.size > LARGEST_FILE)
      throw new Error(`it has ${stat.size} bytes, and ${LARGEST_FILE} are read at most`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** The checkpoint files of a run's `checkpoints/` folder, oldest first; the best one's copy is not among them. */
export async function listCheckpoints(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => [] as string[]);
  return names
    .filter((name) => /^\d+\.safetensors$/.test(name))
    .sort()
    .map((name) => join(directory, name));
}

/** Told of a checkpoint that is passed over. */
type OnDamaged = (error: CheckpointError) => void;

/**
 * The newest checkpoint that can be read, or null where there is none at all. One that is damaged (the machine
 * died while writing) is passed over; `onDamaged` is told.
 * @throws {CheckpointError} where there are some and all are damaged.
 */
export async function latestCheckpoint(
  directory: string,
  onDamaged: OnDamaged = () => {},
): Promise<Checkpoint | null> {
  const newestFirst = (await listCheckpoints(directory)).reverse();
  for (const path of newestFirst) {
    const checkpoint = await readUnlessDamaged(path, onDamaged);
    if (checkpoint) return checkpoint;
  }
  if (newestFirst.length === 0) return null;
  const best = join(directory, BEST);
  const remedy = (await readUnlessDamaged(best, () => {}))
    ? `${BEST} is whole: copy it over ${basename(newestFirst[0])} to continue from it`
    : 'delete them to start afresh';
  const count = newestFirst.length;
  throw new CheckpointError(`Of the checkpoints in ${directory} all ${count} are damaged; ${remedy}.`);
}

/** The checkpoint with the best evaluation, else, or where that one is damaged, the newest. */
export async function bestCheckpoint(
  directory: string,
  onDamaged: OnDamaged = () => {},
): Promise<Checkpoint | null> {
  const names = await readdir(directory).catch(() => [] as string[]);
  const best = names.includes(BEST) ? await readUnlessDamaged(join(directory, BEST), onDamaged) : null;
  return best ?? latestCheckpoint(directory, onDamaged);
}

async function readUnlessDamaged(path: string, onDamaged: OnDamaged): Promise<Checkpoint | null> {
  try {
    return await readCheckpoint(path);
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    onDamaged(error);
    return null;
  }
}

/** Repeats a write for as long as the user may mend what it failed for. */
type Outlast = <T>(write: () => Promise<T>) => Promise<T>;

/** Writes a run's checkpoints, keeps the last few, and the best. */
export class CheckpointFolder {
  readonly directory: string;
  readonly #kept: number;
  readonly #outlast: Outlast;
  #isSwept = false;
  /** Checkpoints under evaluation: kept until the result is in. */
  readonly #awaiting = new Set<number>();

  /** @param outlast waits for room on a full disk; without it, a full disk is thrown. */
  constructor(directory: string, kept: number, outlast: Outlast = (write) => write()) {
    this.directory = directory;
    this.#kept = kept;
    this.#outlast = outlast;
  }

  #path(updates: number): string {
    return join(this.directory, `${String(updates).padStart(12, '0')}${SUFFIX}`);
  }

  async write(checkpoint: Checkpoint, awaitEvaluation: boolean): Promise<void> {
    await mkdir(this.directory, { recursive: true });
    await this.#sweep();
    if (awaitEvaluation) this.#awaiting.add(checkpoint.updates);
    const bytes = encodeCheckpoint(checkpoint);
    await this.#outlast(() =>
      writeAtomically(this.#path(checkpoint.updates), (temporary) => writeFile(temporary, bytes)),
    );
    await this.#prune();
  }

  /**
   * Keeps a copy of a checkpoint, and its evaluation, as the best so far.
   * @returns false where the checkpoint is not there any more.
   */
  async keepBest(best: BestEvaluation): Promise<boolean> {
    const path = this.#path(best.updates);
    if ((await listCheckpoints(this.directory)).includes(path)) {
      await this.#outlast(() =>
        writeAtomically(join(this.directory, BEST), (temporary) => copyFile(path, temporary)),
      );
    } else if ((await this.best())?.updates !== best.updates) {
      return false;
    }
    await this.#writeJson(BEST_EVALUATION, best);
    return true;
  }

  /** Keeps what the run is judged by, now that it is over. */
  async keepFinal(evaluation: FinalEvaluation): Promise<void> {
    await this.#writeJson(FINAL_EVALUATION, evaluation);
  }

  async #writeJson(name: string, value: unknown): Promise<void> {
    const json = JSON.stringify(value);
    await this.#outlast(() =>
      writeAtomically(join(this.directory, name), (temporary) => writeFile(temporary, json)),
    );
  }

  /** Releases a checkpoint whose evaluation is done: it is kept as long as others. */
  async release(updates: number): Promise<void> {
    this.#awaiting.delete(updates);
    await this.#prune();
  }

  /** The checkpoint of so many updates, among the last ones or as the best; null where it is not there, or damaged. */
  async read(updates: number): Promise<Checkpoint | null> {
    const own = await readUnlessDamaged(this.#path(updates), () => {});
    if (own !== null) return own;
    const best = await readUnlessDamaged(join(this.directory, BEST), () => {});
    return best?.updates === updates ? best : null;
  }

  /** The evaluation of the best checkpoint, of this or an earlier session; null: none yet. */
  async best(): Promise<BestEvaluation | null> {
    return (await this.#readJson(BEST_EVALUATION)) as BestEvaluation | null;
  }

  /** What the run was last judged by, of this checkpoint; null: nothing was played on it at a run's end. */
  async final({
    updates,
    version,
  }: Pick<Checkpoint, 'updates' | 'version'>): Promise<FinalEvaluation | null> {
    const found = (await this.#readJson(FINAL_EVALUATION)) as FinalEvaluation | null;
    return found?.updates === updates && found.version === version ? found : null;
  }

  async #readJson(name: string): Promise<unknown> {
    const json = await readFile(join(this.directory, name), 'utf8').catch(() => null);
    return json === null ? null : JSON.parse(json);
  }

  /** Removes what earlier writers left half-written; there is one writer at a time. */
  async #sweep(): Promise<void> {
    if (this.#isSwept) return;
    this.#isSwept = true;
    const left = (await readdir(this.directory)).filter((name) => TEMPORARY.test(name));
    await Promise.all(left.map((name) => rm(join(this.directory, name), { force: true })));
  }

  async #prune(): Promise<void> {
    const all = await listCheckpoints(this.directory);
    const awaiting = new Set(Array.from(this.#awaiting, (updates) => this.#path(updates)));
    const old = all.slice(0, -this.#kept).filter((path) => !awaiting.has(path));
    await Promise.all(old.map((path) => rm(path, { force: true })));
  }
}
