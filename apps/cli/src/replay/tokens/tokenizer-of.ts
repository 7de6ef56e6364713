import type { RunConfig } from '@qfleet/config';
import { resolveAnyEnvironment } from '@qfleet/env-host';
import { isText, isTextEnvironment, type Tokenizer } from '@qfleet/envs';
import { RunDirectory } from '@qfleet/report';
import { trustOption } from '../../trust.ts';
import type { OpenReplay } from '../open.ts';

/**
 * What a replay's tokens mean; null: it holds no texts, or nothing says so.
 * @param environment whose code may be run; null: none.
 */
export async function tokenizerOf(
  { layout }: Pick<OpenReplay, 'layout'>,
  environment: RunConfig['environment'] | null,
): Promise<Tokenizer | null> {
  if (layout.tokens === undefined || environment === null) return null;
  const definition = await resolveAnyEnvironment(environment);
  // Another tokenizer than the one that these tokens are of would tell lies.
  return isText(definition) && definition.tokenizer.fingerprint === layout.tokens.tokenizer
    ? definition.tokenizer
    : null;
}

/**
 * The environment of a replay, where it comes with Qfleet or is code of the user's project; null: it is another's, whose code is not
 * run to look at a replay.
 * @param where the directory of the run, or the URL of its Redis.
 */
export function harmlessEnvironment(
  { environment }: Pick<OpenReplay, 'environment'>,
  where: string,
): RunConfig['environment'] | null {
  if (environment === null) return null;
  if (environment.module === undefined && isTextEnvironment(environment.id)) return environment;
  if (!RunDirectory.exists(where)) return null;
  const directory = RunDirectory.open(where);
  return trustOption(directory).length > 0 ? null : directory.config.environment;
}
