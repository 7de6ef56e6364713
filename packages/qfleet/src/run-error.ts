/** A run could not be trained, or what was asked for has no meaning; the message is one sentence with what to do. */
export class RunError extends Error {
  override readonly name = 'RunError';
}
