import {
  ContractError,
  type Frame,
  observationArrays,
  observationDType,
  observationSize,
  type RowArrays,
  type Space,
  type StepInfo,
  type VectorEnvironment,
  WorkerFailure,
} from '@qfleet/envs';
import type { Random } from '@qfleet/random';
import {
  decodeFrame,
  FAILED,
  GarbageError,
  type RowFormat,
  requestKinds,
  sectionKinds,
  TERMINATED,
  TRUNCATED,
} from './protocol.ts';
import { RowReader } from './row-reader.ts';
import type { Answer, WorkerSlot } from './worker-slot.ts';

/** What a bridged environment's rows are. */
export interface BridgedShape {
  readonly observationSpace: Space;
  readonly format: RowFormat;
  readonly say: (line: string) => void;
}

/** Seeds are drawn below this. */
const SEEDS = 2 ** 31;
/** In place of a seed: the environment goes on in its own stream. */
const UNSEEDED = -1;

interface Row {
  /** Its number in the worker. */
  readonly id: number;
  readonly random: Random;
  readonly worker: WorkerSlot;
  /** Whether its environment was seeded, and goes on in its own stream. */
  seeded: boolean;
  /** The first observation of the next episode, with its mask; why it did not begin; null: it was not begun ahead. */
  begun: Buffer | string | null;
}

/** Rows by the places of `BridgedRows`, and what they are asked for, of one worker. */
interface Share {
  readonly worker: WorkerSlot;
  /** Indices of the rows here, and their numbers in the worker. */
  readonly indices: number[];
  readonly ids: number[];
  readonly actions: Int32Array;
}

let ids = 0;

/**
 * Rows of an environment that Python plays, spread over workers. A step is awaited; the worker begins the next episode of a row
 * that has ended in the same step. The rows of a worker that goes fail in that step, and begin anew in another worker.
 */
export class BridgedRows implements VectorEnvironment {
  readonly failures = new Map<number, unknown>();
  readonly #workers: readonly WorkerSlot[];
  readonly #reader: RowReader;
  readonly #format: RowFormat;
  readonly #bytesPerElement: number;
  readonly #rows: Row[] = [];
  readonly #infos: (StepInfo | null)[] = [];
  #told = false;
  #shares: readonly Share[] = [];
  #arrays: RowArrays | null = null;
  /** The bytes of the caller's observations. */
  #observations: Uint8Array = new Uint8Array(0);
  /** Bytes from one row's observation to the next. */
  #stride = 0;

  constructor(workers: readonly WorkerSlot[], { observationSpace, format, say }: BridgedShape) {
    this.#workers = workers;
    this.#reader = new RowReader(format, say);
    this.#format = format;
    this.#bytesPerElement = observationArrays[observationDType(observationSpace)].BYTES_PER_ELEMENT;
    if (format.width !== observationSize(observationSpace) * this.#bytesPerElement) {
      throw new RangeError('The width of a row is not that of its observations.');
    }
  }

  get rows(): number {
    return this.#rows.length;
  }

  get infos(): readonly (StepInfo | null)[] | null {
    return this.#told ? this.#infos : null;
  }

  bind(arrays: RowArrays): void {
    const { observations, stride } = arrays;
    this.#arrays = arrays;
    this.#observations = new Uint8Array(
      observations.buffer,
      observations.byteOffset,
      observations.byteLength,
    );
    this.#stride = stride * this.#bytesPerElement;
    this.#share();
  }

  add(random: Random): void {
    const worker = this.#workers.reduce((least, each) => (each.rows < least.rows ? each : least));
    worker.rows++;
    this.#rows.push({ id: ids++ & 0x7fffffff, random, worker, seeded: false, begun: null });
  }

  remove(index: number): void {
    const [row] = this.#rows.splice(index, 1);
    if (row === undefined) return;
    row.worker.rows--;
    if (row.seeded) row.worker.askNow(requestKinds.remove, [row.id], null);
    this.#share();
  }

  /** Which rows are whose. */
  #share(): void {
    this.#shares = this.#workers.flatMap((worker) => {
      const indices = [...this.#rows.keys()].filter((index) => this.#rows[index].worker === worker);
      if (indices.length === 0) return [];
      const numbers = indices.map((index) => this.#rows[index].id);
      return [{ worker, indices, ids: numbers, actions: new Int32Array(indices.length) }];
    });
  }

  /** @param seed of the environment's own generator, in place of one that is drawn. */
  reset(index: number, seed?: number): void {
    const row = this.#rows[index];
    const { begun } = row;
    row.begun = null;
    if (seed === undefined && begun !== null) {
      if (typeof begun === 'string') throw new ContractError(`${begun}.`);
      this.#writeBegun(index, begun);
      return;
    }
    // An episode that is begun again was cut here.
    if (row.seeded) row.worker.episodeEnded();
    this.#begin(index, row, seed);
  }

  #begin(index: number, row: Row, seed: number | undefined): void {
    const given = seed ?? this.#seedOf(row);
    row.seeded = false;
    const answer = row.worker.askNow(requestKinds.reset, [row.id], [given]);
    try {
      const failed = this.#reader.news(answer).get(0)?.failed;
      if (failed !== undefined) throw new ContractError(`${failed}.`);
      this.#write(answer, 0, index);
    } catch (cause) {
      throw row.worker.gone(cause);
    }
    row.seeded = true;
  }

  #seedOf = ({ seeded, random }: Row): number => (seeded ? UNSEEDED : random.integer(SEEDS));

  step(actions: Int32Array): Promise<void> {
    this.#forget();
    this.#ask(actions);
    return this.#answers();
  }

  /** A step for which the whole process waits. */
  stepNow(actions: Int32Array): void {
    this.#forget();
    for (const share of this.#shares) {
      const { worker, ids, indices } = share;
      try {
        this.#take(share, worker.askNow(requestKinds.step, ids, this.#actionsOf(share, actions)));
      } catch (cause) {
        this.#lose(indices, worker.gone(cause));
      }
    }
  }

  /**
   * What a row's environment looks like now; the whole process waits for it.
   * @throws ContractError where it can't be rendered; WorkerFailure
   */
  frame(index: number): Frame {
    const row = this.#rows[index];
    try {
      const { sections } = row.worker.askNow(requestKinds.render, [row.id], null);
      for (const { kind, bytes } of sections) {
        if (kind === sectionKinds.frame) return decodeFrame(bytes);
        if (kind === sectionKinds.noFrame)
          throw new ContractError(`there is no frame of it: ${bytes.toString('utf8')}.`);
      }
      throw new GarbageError('its message was to have a frame, and has none');
    } catch (cause) {
      const error = row.worker.gone(cause);
      if (error instanceof WorkerFailure) Object.assign(row, { seeded: false, begun: null });
      throw error;
    }
  }

  #forget(): void {
    if (this.failures.size > 0) this.failures.clear();
    if (!this.#told) return;
    this.#infos.fill(null);
    this.#told = false;
  }

  #actionsOf({ indices, actions }: Share, all: Int32Array): Int32Array {
    for (let i = 0; i < indices.length; i++) actions[i] = all[indices[i]];
    return actions;
  }

  #ask(actions: Int32Array): void {
    for (const share of this.#shares) {
      try {
        share.worker.ask(requestKinds.step, share.ids, this.#actionsOf(share, actions));
      } catch (cause) {
        this.#lose(share.indices, cause);
      }
    }
  }

  async #answers(): Promise<void> {
    for (const share of this.#shares) {
      const { worker, indices } = share;
      if (!this.failures.has(indices[0])) {
        try {
          this.#take(share, await worker.answer(indices.length));
          continue;
        } catch (cause) {
          this.#lose(indices, worker.gone(cause));
        }
      }
      await this.#beginAgain(share);
    }
  }

  /** The rows of a worker fail together. */
  #lose(indices: readonly number[], error: unknown): void {
    for (const index of indices) {
      this.failures.set(index, error);
      Object.assign(this.#rows[index], { seeded: false, begun: null });
    }
  }

  /** Begins the next episodes of rows whose worker has gone, in another one, without holding this process up. */
  async #beginAgain({ worker, ids, indices }: Share): Promise<void> {
    const rows = indices.map((index) => this.#rows[index]);
    try {
      await worker.ready();
      worker.ask(requestKinds.reset, ids, rows.map(this.#seedOf));
      const answer = await worker.answer(ids.length);
      const news = this.#reader.news(answer);
      rows.forEach((row, i) => {
        const failed = news.get(i)?.failed;
        row.begun = failed ?? this.#reader.begunOf(answer, i);
        row.seeded = failed === undefined;
      });
    } catch {
      // The rows' resets tell, since that begins them once more.
    }
  }

  /** Takes what a worker's rows gave. */
  #take({ worker, indices }: Share, answer: Answer): void {
    const reader = this.#reader;
    const { rewards, terminated, truncated } = this.#arrays!;
    const news = reader.news(answer);
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i];
      const flags = reader.flags(answer, i);
      rewards[index] = reader.reward(answer, i);
      terminated[index] = flags & TERMINATED;
      truncated[index] = (flags & TRUNCATED) >> 1;
      this.#write(answer, i, index);
      if (flags === 0) continue;
      const row = this.#rows[index];
      const { failed, begun, told } = news.get(i) ?? {};
      if (flags === FAILED) {
        this.failures.set(index, new ContractError(`${failed ?? 'it failed'}.`));
        row.seeded = false;
        continue;
      }
      worker.episodeEnded();
      row.begun = begun ?? null;
      if (typeof begun === 'string') row.seeded = false;
      if (told !== undefined) this.#tell(index, told);
    }
  }

  #tell(index: number, told: StepInfo): void {
    while (this.#infos.length < this.#rows.length) this.#infos.push(null);
    this.#infos[index] = told;
    this.#told = true;
  }

  /** Writes an answer's row. */
  #write(answer: Answer, from: number, index: number): void {
    const { masks } = this.#arrays!;
    this.#reader.copy(answer, from, this.#observations, index * this.#stride);
    if (masks !== null) this.#reader.copyMask(answer, from, masks, index * this.#format.actions);
  }

  #writeBegun(index: number, begun: Buffer): void {
    const { masks } = this.#arrays!;
    const { actions } = this.#format;
    this.#reader.copyBegun(begun, this.#observations, index * this.#stride, masks, index * actions);
  }

  close(): void {
    for (const { worker } of this.#rows) worker.rows--;
    this.#rows.length = 0;
    this.#shares = [];
    for (const worker of this.#workers) worker.close();
  }
}
