import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  decodeHeader,
  type Expected,
  encodeRequest,
  type GarbageError,
  hasRows,
  REPLY_BYTES,
  type ReplyHeader,
  type RowFormat,
  type requestKinds,
} from './protocol.ts';

const SCRIPT = fileURLToPath(new URL('../../python/qfleet_worker.py', import.meta.url));
/** Milliseconds that a worker is given to end by itself once it is not needed any more. */
const ENDING_MS = 2_000;
/** Milliseconds that a worker may take to start at least: importing takes its time on a busy machine. */
const STARTING_MS = 60_000;
/** Milliseconds between two looks of a call that blocks. */
const LOOK_MS = 0.1;
/** Bytes of what a worker said last that are read. */
const WORDS_BYTES = 4_096;

/** A worker has ended, does not answer, or answers garbage: the end of a sentence that begins with it. */
export class WorkerGoneError extends Error {
  override readonly name = 'WorkerGoneError';
}

/** A reply: its bytes are valid up to the next request. */
export interface Reply extends ReplyHeader {
  /** The whole message, its header included. */
  readonly bytes: Buffer;
}

/**
 * A Python process that answers requests over a socket pair, one at a time. It does not hold this process up, except
 * while an answer is awaited. A second pair has a byte for each answer, the bell: Node's event loop hears that one, and the answer is
 * read into a buffer that is made once.
 */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #channel: Socket;
  readonly #bell: Socket;
  /** What it writes to standard error: a file that has no name any more. */
  readonly #words: number;
  #limitMs: number;
  readonly #answerMs: number;
  #timer: NodeJS.Timeout;
  #bytes = Buffer.allocUnsafe(1 << 16);
  #filled = 0;
  /** Whether the next bell is of a first message that was read without it. */
  #ignoresBell = false;
  /** Whether the bell rang of an answer that nobody has read. */
  #rang = false;
  #header: ReplyHeader | null = null;
  #expected: Expected = { sequence: 0, count: 0, format: null };
  #waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void } | null = null;
  #gone: WorkerGoneError | null = null;
  #closed = false;

  /**
   * @param options what the worker is told, as JSON.
   * @param limitMs milliseconds that an answer may take; the first message may take a minute in any case.
   */
  constructor(python: string, options: unknown, limitMs: number) {
    this.#limitMs = Math.max(STARTING_MS, limitMs);
    this.#answerMs = limitMs;
    this.#words = namelessFile();
    this.#child = spawn(python, ['-B', SCRIPT, JSON.stringify(options)], {
      stdio: ['ignore', 'ignore', this.#words, 'pipe', 'pipe'],
    });
    this.#channel = this.#child.stdio[3] as Socket;
    this.#bell = this.#child.stdio[4] as Socket;
    this.#timer = this.#makeTimer();
    this.#child.unref();
    this.#child.once('error', (error) => this.#fail(`it cannot be started: ${error.message}`));
    // It is read here alone.
    handleOf(this.#channel)?.readStop();
    this.#channel.unref();
    this.#channel.on('error', () => {});
    this.#bell.unref();
    this.#bell.on('data', ({ length }: Buffer) => this.#rings(length));
    this.#bell.on('error', () => {});
    this.#bell.once('close', () => void this.#ended());
  }

  /**
   * Asks for something; `receive` is next where the answer `rings`, else `receiveNow`.
   * @throws WorkerGoneError
   */
  request(
    kind: (typeof requestKinds)[keyof typeof requestKinds],
    rings: boolean,
    rows: readonly number[],
    numbers: ArrayLike<number> | null,
    format: RowFormat,
  ): void {
    if (this.#gone !== null) throw this.#gone;
    this.#started();
    const sequence = (this.#expected.sequence + 1) >>> 0;
    const bytes = encodeRequest(kind, rings, sequence, rows, numbers);
    this.#expected = { sequence, count: hasRows(kind) ? rows.length : 0, format };
    this.#filled = 0;
    this.#header = null;
    try {
      for (let at = 0; at < bytes.length; ) at += this.#write(bytes, at);
    } catch (cause) {
      throw this.#fail(this.#how((cause as Error).message));
    }
  }

  /** From the first request on, the limit is that of answers. */
  #started(): void {
    if (this.#limitMs === this.#answerMs) return;
    this.#limitMs = this.#answerMs;
    clearTimeout(this.#timer);
    this.#timer = this.#makeTimer();
  }

  /** Writes at once, without a turn of the event loop: a request fits into the socket's buffer. */
  #write(bytes: Buffer, at: number): number {
    try {
      return writeSync(this.#descriptor(), bytes, at);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EAGAIN') throw cause;
      pause();
      return 0;
    }
  }

  /** The next message. @throws WorkerGoneError */
  receive(): Promise<Reply> {
    if (this.#gone !== null) return Promise.reject(this.#gone);
    if (this.#rang) {
      this.#rang = false;
      return new Promise((resolve) => resolve(this.#read()));
    }
    this.#timer.refresh().ref();
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** The next message; the whole process waits for it. @throws WorkerGoneError */
  receiveNow(): Reply {
    // The first message rings in any case.
    if (this.#expected.format === null) {
      this.#ignoresBell = !this.#rang;
      this.#rang = false;
    }
    return this.#read();
  }

  /** Reads an answer that has come, or waits for it. @throws WorkerGoneError */
  #read(): Reply {
    const end = performance.now() + this.#limitMs;
    for (;;) {
      const reply = this.#whole();
      if (reply !== null) return reply;
      if (this.#gone !== null) throw this.#gone;
      const got = this.#readNow();
      if (got > 0) this.#advance();
      else if (got === 0) throw this.#fail(this.#how('its process ended'));
      else if (performance.now() > end) throw this.#late();
      else pause();
    }
  }

  /** Bytes that were read; 0: the worker has closed; −1: there are none yet. */
  #readNow(): number {
    try {
      const got = readSync(this.#descriptor(), this.#bytes, this.#filled, this.#missing(), null);
      this.#filled += got;
      return got;
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'EAGAIN') return -1;
      return 0;
    }
  }

  #makeTimer(): NodeJS.Timeout {
    return setTimeout(() => this.#waiting && this.#late(), this.#limitMs).unref();
  }

  /** Ends the worker: by its own will where nothing is awaited, else by force. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#waiting = null;
    this.#gone ??= new WorkerGoneError('it was closed');
    this.#channel.destroy();
    this.#bell.destroy();
    setTimeout(() => this.#child.kill('SIGKILL'), ENDING_MS).unref();
    closeSync(this.#words);
  }

  /** Ends the worker at once. */
  kill(): void {
    this.#child.kill('SIGKILL');
    this.close();
  }

  /** The channel's file descriptor; −1: it is closed. */
  #descriptor(): number {
    return handleOf(this.#channel)?.fd ?? -1;
  }

  /** Bytes that are still to come of the header, or of the message. */
  #missing(): number {
    return (this.#header === null ? REPLY_BYTES : REPLY_BYTES + this.#header.size) - this.#filled;
  }

  #whole(): Reply | null {
    if (this.#header === null || this.#missing() > 0) return null;
    return { ...this.#header, bytes: this.#bytes.subarray(0, this.#filled) };
  }

  /** Answers have come: one at most is awaited, or will be. */
  #rings(times: number): void {
    const isNew = times > 1 || !this.#ignoresBell;
    this.#ignoresBell = false;
    if (!isNew || this.#gone !== null) return;
    const waiting = this.#waiting;
    if (waiting === null) {
      this.#rang = true;
      return;
    }
    this.#waiting = null;
    this.#timer.unref();
    try {
      waiting.resolve(this.#read());
    } catch (error) {
      waiting.reject(error as Error);
    }
  }

  /** Reads the header once it is there, and makes room for what follows. */
  #advance(): void {
    if (this.#header !== null || this.#filled < REPLY_BYTES) return;
    try {
      this.#header = decodeHeader(this.#bytes, this.#expected);
    } catch (cause) {
      this.#fail((cause as GarbageError).message);
      return;
    }
    const size = REPLY_BYTES + this.#header.size;
    if (size <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(size);
    this.#bytes.copy(larger, 0, 0, this.#filled);
    this.#bytes = larger;
  }

  #late(): WorkerGoneError {
    return this.#gone ?? this.#fail(`it has not answered for ${this.#limitMs / 1000} s`);
  }

  /** Its side is closed: it tells why, once its exit code is known. */
  async #ended(): Promise<void> {
    if (this.#closed || this.#gone !== null) return;
    for (let looks = 0; looks < 50 && !this.#hasExited(); looks++) await sleep(20);
    if (!this.#closed && this.#gone === null) this.#fail(this.#how('its process ended'));
  }

  #hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** How it ended, with its last words. */
  #how(otherwise: string): string {
    const { exitCode, signalCode } = this.#child;
    const how =
      signalCode !== null
        ? `its process was ended by ${signalCode}`
        : exitCode !== null
          ? `its process ended with exit code ${exitCode}`
          : otherwise;
    const words = this.#closed ? '' : lastLine(this.#words);
    return words === '' ? how : `${how}; its last words: ${words}`;
  }

  /** The worker is of no use any more. */
  #fail(problem: string): WorkerGoneError {
    const error = new WorkerGoneError(problem);
    this.#gone = error;
    const waiting = this.#waiting;
    this.kill();
    waiting?.reject(error);
    return error;
  }
}

/** What Node's public interface lacks: a socket's file descriptor, and that nobody else reads it. Null: it is closed. */
const handleOf = (socket: Socket): { readonly fd: number; readStop(): void } | null =>
  (socket as unknown as { _handle: { fd: number; readStop(): void } | null })._handle;

const clock = new Int32Array(new SharedArrayBuffer(4));

/** Waits without a turn of the event loop. */
const pause = (): void => {
  Atomics.wait(clock, 0, 0, LOOK_MS);
};

function namelessFile(): number {
  const folder = mkdtempSync(join(tmpdir(), 'qfleet-worker-'));
  try {
    return openSync(join(folder, 'words'), 'w+', 0o600);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The last line of a file that is not empty. */
function lastLine(file: number): string {
  const { size } = fstatSync(file);
  const bytes = Buffer.alloc(Math.min(size, WORDS_BYTES));
  readSync(file, bytes, 0, bytes.length, size - bytes.length);
  const lines = bytes.toString('utf8').split('\n');
  return (lines.findLast((line) => line.trim() !== '') ?? '').trim().slice(0, 500);
}
