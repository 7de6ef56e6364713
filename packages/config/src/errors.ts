/**
 * A configuration that cannot be run. The message is for users: one line for each problem, all of them at once.
 *
 * @example
 * try {
 *   await train('cartpole', { set: { 'agent.gamma': 2, 'stop.maxUpdates': -1 } });
 * } catch (error) {
 *   if (!(error instanceof ConfigError)) throw error;
 *   error.problems.length; // → 2
 * }
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** The exit code of a process that ends because of it: bad usage or configuration. */
  readonly exitCode = 2;
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}
