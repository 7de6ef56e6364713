/** A sweep's directory that cannot be used as asked. The message is one sentence for users. */
export class SweepError extends Error {
  override readonly name = 'SweepError';
  /** The exit code of a process that ends because of it: bad usage. */
  readonly exitCode = 2;
}
