/** A model's directory is not what it must be; nothing of it is loaded. The message is one sentence: what, where, what to do. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  /** The command's: the user mends it by giving another model. */
  readonly exitCode = 2;

  constructor(message: string, options?: ErrorOptions) {
    // What it quotes may have lines.
    super(message.replaceAll(/\s*\n\s*/g, ' '), options);
  }
}
