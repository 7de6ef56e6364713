import { ContractError, EnvironmentError, type EnvironmentPlace } from '../errors.ts';
import type { TextDefinition } from './text-environment.ts';

/**
 * The tokens that may come after those since the turn began; null: all may.
 *
 * @throws EnvironmentError, with the number of the token, where none may or the answer is wrong.
 */
export function askLegal(
  { legal }: TextDefinition,
  prefix: ArrayLike<number>,
  place: EnvironmentPlace,
): readonly number[] | null {
  if (legal === undefined) return null;
  const where = `token ${prefix.length + 1} of the utterance: `;
  let tokens: readonly number[];
  try {
    tokens = legal(prefix);
  } catch (cause) {
    if (!(cause instanceof ContractError)) throw cause;
    throw new EnvironmentError(place, where + cause.message, { cause });
  }
  if (tokens.length === 0)
    throw new EnvironmentError(place, `${where}legal admits no token: it must admit one.`);
  return tokens;
}
