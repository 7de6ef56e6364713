/** A configuration that cannot be run. The message is for users: one line for each problem, all of them at once. */
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
