/** A run directory that cannot be used as asked. The message is one sentence for users: which, why, what to do. */
export class RunDirectoryError extends Error {
  override readonly name: string = 'RunDirectoryError';
  /** The exit code of a process that ends because of it: bad usage. */
  readonly exitCode = 2;
}

/** A living process holds the lock. */
export class LockedError extends RunDirectoryError {
  override readonly name = 'LockedError';
  /** As `process 123`, with its host where it is another one. */
  readonly holder: string;

  constructor(what: string, holder: string) {
    super(`${what} is in use by ${holder}: stop that first, or choose another directory.`);
    this.holder = holder;
  }
}
