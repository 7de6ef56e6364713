import { EnvironmentError, WorkerFailure } from '@qfleet/envs';

/** What is done with an environment that throws: it is made again, until `most` episodes in a row have ended so. */
export interface ErrorPolicy {
  readonly most: number;
}

/** The fields of a run's configuration that say so. */
interface ErrorFields {
  readonly environment: { readonly onError: 'end' | 'restart'; readonly maxErrorsInARow: number };
}

/** The option `onError` of a run's rollouts and evaluations; left out: the first error is thrown on. */
export function errorPolicy({ environment }: ErrorFields): { onError?: ErrorPolicy } {
  return environment.onError === 'end' ? {} : { onError: { most: environment.maxErrorsInARow } };
}

/** Counts the errors of an environment, and gives up after too many in a row. */
export class ErrorsInARow {
  readonly #most: number;
  #count = 0;

  /** @param policy left out: the first is one too many. */
  constructor(policy: ErrorPolicy | undefined) {
    this.#most = policy?.most ?? 0;
  }

  /** @throws `error` itself where it is one too many, or not of an environment. */
  add(error: unknown): EnvironmentError {
    if (!(error instanceof EnvironmentError)) throw error;
    // Whoever starts the process again counts how often it goes.
    if (error.cause instanceof WorkerFailure) {
      if (error.cause.isSurvived) return error;
      throw error;
    }
    if (++this.#count <= this.#most) return error;
    if (this.#most === 0) throw error;
    const { place, message } = error;
    const problem = message.slice(message.indexOf(': ') + 2);
    throw new EnvironmentError(place, `${this.#count} errors in a row, the last one: ${problem}`, {
      cause: error,
    });
  }

  /** An episode ended well. */
  clear(): void {
    this.#count = 0;
  }
}
