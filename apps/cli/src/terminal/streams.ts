const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

/** What a write says where nobody reads any more: a pipe's reader has ended, or the terminal was closed. */
const READER_GONE: ReadonlySet<string> = new Set(['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED']);

/** Whether a write failed only because nobody reads any more. */
export const isReaderGone = (error: Error): boolean =>
  READER_GONE.has((error as NodeJS.ErrnoException).code ?? '');

/**
 * Readies stdout and stderr for the whole command: work goes on where nothing can be written to them any more, and a
 * terminal without a size counts as one of 80 × 24. Whoever has to know that a write failed asks for it, as `print`
 * does.
 */
export function prepareStreams(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', () => undefined);
    if (stream.isTTY !== true) continue;
    giveSize(stream);
    stream.on('resize', () => giveSize(stream));
  }
}

/** A terminal that nobody told its size says 0: containers without a client's size, editors' shells, CI. */
function giveSize(stream: NodeJS.WriteStream): void {
  stream.columns ||= DEFAULT_COLUMNS;
  stream.rows ||= DEFAULT_ROWS;
}
