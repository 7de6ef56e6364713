import { ContractError, EnvironmentError, type EnvironmentPlace } from './errors.ts';
import { enterUserCode, leaveUserCode, type UserCall } from './running.ts';
import { thrownText } from './thrown.ts';

/** What is wrong, for the end of a sentence. */
export const problemOf = (cause: unknown): string =>
  cause instanceof ContractError ? cause.message : `${thrownText(cause)}.`;

/** Runs a user's code. @throws EnvironmentError: what it throws, with its place. */
export function callUser<T>(call: UserCall, place: EnvironmentPlace, run: () => T): T {
  enterUserCode(call, place.environment, place.slot, place.episode, place.step);
  try {
    return run();
  } catch (cause) {
    throw new EnvironmentError(place, problemOf(cause), { cause });
  } finally {
    leaveUserCode();
  }
}
