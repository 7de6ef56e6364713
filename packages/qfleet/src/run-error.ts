/**
 * A run could not be trained, or what was asked for has no meaning; the message is one sentence with what to do.
 *
 * @example
 * const environment = findEnvironment('CartPole-v1');
 * try {
 *   await train({ environment }, { fleet: true });
 * } catch (error) {
 *   error instanceof RunError; // → true
 * }
 */
export class RunError extends Error {
  override readonly name = 'RunError';
}
