/** Where a running environment failed. Steps count from 1 within the episode; 0 is its reset. */
export interface EnvironmentPlace {
  readonly environment: string;
  readonly slot: number;
  readonly episode: number;
  readonly step: number;
}

/**
 * A running environment broke its contract, or was used against it. The step that threw must not be stored.
 *
 * @example
 * const broken = defineEnvironment({
 *   id: 'Broken-v0',
 *   observationSpace: box({ low: 0, high: 1, shape: [1] }),
 *   actionSpace: discrete(2),
 *   create: () => ({
 *     reset: () => 0,
 *     step: () => ({ observation: Number.NaN, reward: 0, terminated: false }),
 *   }),
 * });
 * try {
 *   await train({ environment: broken }, { runDir: 'runs/broken' });
 * } catch (error) {
 *   if (!(error instanceof EnvironmentError)) throw error;
 *   error.place; // → { environment: 'Broken-v0', slot: 0, episode: 1, step: 1 }
 * }
 */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
  readonly place: EnvironmentPlace;

  constructor(place: EnvironmentPlace, problem: string, options?: ErrorOptions) {
    const { environment, slot, episode, step } = place;
    super(`Environment ${environment}, slot ${slot}, episode ${episode}, step ${step}: ${problem}`, options);
    this.place = place;
  }
}

/**
 * What was asked for cannot be: an unknown id, a wrong option, a module that defines no environment, a
 * trace.
 *
 * @example
 * try {
 *   findEnvironment('CartPole-v9');
 * } catch (error) {
 *   error instanceof EnvironmentDefinitionError; // → true
 * }
 */
export class EnvironmentDefinitionError extends Error {
  override readonly name = 'EnvironmentDefinitionError';
}

/** What an environment gave is not what its contract says; `createEnvironment` adds the place. */
export class ContractError extends Error {
  override readonly name = 'ContractError';
}

/** Code that a user's environment left behind failed, or ended the process: told by the environment's name. */
export class UserCodeError extends Error {
  override readonly name = 'UserCodeError';
}

/** The process that a row's environment runs in is gone, whatever became of the row. */
export class WorkerFailure extends ContractError {
  /** Whether the process is started again, so that the next reset begins anew. */
  readonly isSurvived: boolean;

  constructor(problem: string, isSurvived: boolean, options?: ErrorOptions) {
    super(problem, options);
    this.isSurvived = isSurvived;
  }
}
