import { WorkerFailure } from '@qfleet/envs';
import {
  decodeSections,
  GarbageError,
  type RowFormat,
  replyKinds,
  type requestKinds,
  type Section,
} from './protocol.ts';
import { type Reply, WorkerGoneError, WorkerProcess } from './worker-process.ts';

/** How many times a worker may go, one after the other, before nobody starts it again. */
const MOST_IN_A_ROW = 3;

/** How often workers were started again in this process. */
export const workerRestarts = { count: 0 };

/** How workers are started. */
export interface WorkerLaunch {
  /** The environment's id, for messages. */
  readonly id: string;
  readonly python: string;
  /** What a worker is told, as JSON. */
  readonly options: unknown;
  readonly limitMs: number;
  readonly format: RowFormat;
}

/** A place for a worker: one that goes is started again, until three have gone in a row. */
export class WorkerSlot {
  /** Rows that it steps. */
  rows = 0;
  readonly #launch: WorkerLaunch;
  #process: WorkerProcess | null = null;
  #isReady = false;
  /** Workers that went since an episode ended. */
  #goneInARow = 0;

  constructor(launch: WorkerLaunch) {
    this.#launch = launch;
  }

  /** An episode ended: what went before does not count any more. */
  episodeEnded(): void {
    this.#goneInARow = 0;
  }

  /** Asks, and waits without a turn of the event loop. @throws WorkerFailure */
  askNow(kind: Kind, rows: readonly number[], numbers: ArrayLike<number> | null): Answer {
    try {
      const worker = this.#start();
      if (!this.#isReady) this.#greet(worker.receiveNow());
      worker.request(kind, false, rows, numbers, this.#launch.format);
      return this.#answer(worker.receiveNow(), rows.length);
    } catch (cause) {
      throw this.gone(cause);
    }
  }

  /** Asks; `answer` is next. @throws WorkerFailure */
  ask(kind: Kind, rows: readonly number[], numbers: ArrayLike<number>): void {
    try {
      const worker = this.#start();
      if (!this.#isReady) this.#greet(worker.receiveNow());
      worker.request(kind, true, rows, numbers, this.#launch.format);
    } catch (cause) {
      throw this.gone(cause);
    }
  }

  /** @throws WorkerFailure */
  async answer(count: number): Promise<Answer> {
    try {
      return this.#answer(await this.#start().receive(), count);
    } catch (cause) {
      throw this.gone(cause);
    }
  }

  /** Starts a worker where there is none, and waits for its first message. @throws WorkerFailure */
  async ready(): Promise<void> {
    try {
      const worker = this.#start();
      if (!this.#isReady) this.#greet(await worker.receive());
    } catch (cause) {
      throw this.gone(cause);
    }
  }

  close(): void {
    this.#process?.close();
    this.#process = null;
  }

  #start(): WorkerProcess {
    if (this.#process === null) {
      const { python, options, limitMs } = this.#launch;
      this.#process = new WorkerProcess(python, options, limitMs);
      this.#isReady = false;
    }
    return this.#process;
  }

  #greet({ kind, bytes }: Reply): void {
    if (kind === replyKinds.unable) throw new WorkerGoneError(textOf(bytes));
    if (kind !== replyKinds.hello) throw new GarbageError('it did not begin with what its environment is');
    this.#isReady = true;
  }

  #answer(reply: Reply, count: number): Answer {
    const sections = reply.tail === 0 ? NONE : decodeSections(reply.bytes, reply.tail, count);
    return { bytes: reply.bytes, count, sections };
  }

  /** What is thrown of an error: where the worker is of no use any more, that it goes. */
  gone(cause: unknown): unknown {
    if (!(cause instanceof WorkerGoneError || cause instanceof GarbageError)) return cause;
    this.#process?.kill();
    this.#process = null;
    const isLast = ++this.#goneInARow >= MOST_IN_A_ROW;
    if (!isLast) workerRestarts.count++;
    const often = isLast ? `Python's worker went ${MOST_IN_A_ROW} times in a row` : "Python's worker is gone";
    const then = isLast ? '' : ' It is started again.';
    return new WorkerFailure(`${often}: ${cause.message}.${then}`, !isLast, { cause });
  }
}

type Kind = (typeof requestKinds)[keyof typeof requestKinds];
const NONE: readonly Section[] = [];

/** What came of a request of `count` rows. */
export interface Answer {
  /** The message. */
  readonly bytes: Buffer;
  readonly count: number;
  readonly sections: readonly Section[];
}

/** A text message. */
export const textOf = (bytes: Buffer): string => bytes.toString('utf8', 32);
