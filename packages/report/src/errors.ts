/** A run directory that cannot be used as asked. The message is one sentence for users: which, why, what to do. */
export class RunDirectoryError extends Error {
  override readonly name = 'RunDirectoryError';
  /** Of a process that ends for it: bad usage. */
  readonly exitCode = 2;
}
