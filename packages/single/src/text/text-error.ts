/** What a run on text was given is not what it must be. The message is one sentence: what, where, what to do. */
export class TextError extends Error {
  override readonly name = 'TextError';
  /** The command's. */
  readonly exitCode = 2;
}
