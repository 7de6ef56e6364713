import logUpdate from 'log-update';
import { fold, style } from './output.ts';

/** Seconds between two lines where stdout is no terminal. */
const lineInterval = 5;
/** The most bytes that wait for a slow reader; what comes then is left out. */
const longestWaitBytes = 1 << 16;

/** How progress looks. */
export interface View<Progress> {
  /** The block on a terminal of that many columns. */
  block(progress: Progress, columns: number): string;
  /** One line: for logs. */
  line(progress: Progress): string;
}

/**
 * Shows progress: a block that is rewritten in place on a terminal, a line every few seconds elsewhere. With `quiet` the
 * lines go to stderr, since stdout belongs to the one document.
 */
export class LiveDisplay<Progress> {
  readonly #view: View<Progress>;
  readonly #stream: NodeJS.WriteStream;
  readonly #inPlace: boolean;
  #lastLine = Number.NEGATIVE_INFINITY;

  constructor(view: View<Progress>, quiet: boolean) {
    this.#view = view;
    this.#stream = quiet ? process.stderr : process.stdout;
    this.#inPlace = !quiet && process.stdout.isTTY === true;
  }

  /** A line that stays. */
  say(text: string): void {
    if (this.#inPlace) logUpdate.clear();
    this.#write(this.#stream, fold(text, this.#inPlace ? this.#stream.columns : undefined));
  }

  /** A warning: above the block, or on stderr. */
  warn(text: string): void {
    if (this.#inPlace) this.say(style('yellow', text));
    else this.#write(process.stderr, text);
  }

  update(progress: Progress): void {
    if (this.#inPlace) {
      logUpdate(this.#view.block(progress, this.#stream.columns));
      return;
    }
    const now = performance.now() / 1000;
    if (now - this.#lastLine < lineInterval) return;
    this.#lastLine = now;
    this.#write(this.#stream, this.#view.line(progress));
  }

  #write(stream: NodeJS.WriteStream, text: string): void {
    if (stream.writableLength < longestWaitBytes) stream.write(`${text}\n`);
  }

  /** Leaves the last block where it is; what follows goes below it. */
  close(): void {
    if (this.#inPlace) logUpdate.done();
  }
}
