/** A policy can't be had, exported or served as it was asked for; the message is one sentence with what to do. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
  /** The exit code of a process that ends because of it: bad usage. */
  readonly exitCode = 2;
}
