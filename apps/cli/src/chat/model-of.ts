import { RunDirectory } from '@qfleet/report';
import { checkpointsIn } from '@qfleet/single';
import { UsageError } from '../errors.ts';
import { suggest } from '../suggest.ts';
import { TEXT_TASK } from '../text/options.ts';

/** Options that only a language model has, and those that only an agent has, as they are written. */
const OF_MODEL = { temperature: '--temperature' };
const OF_AGENT = { decode: '--decode', values: '--values', env: '--env', trust: '--trust' };

/**
 * The directory of the language model that a dialogue is to be with; null: it is with the agent of `run`.
 *
 * @throws UsageError where none or both are named, or an option has no meaning there.
 */
export async function modelToChatWith(
  run: string | undefined,
  options: { readonly model?: string },
): Promise<string | null> {
  const { model } = options;
  if ((run === undefined) === (model === undefined))
    throw new UsageError(
      'qfleet chat talks with the agent of a run, RUN_DIR, or with --model DIR: name one of them.',
    );
  const isAgent = run !== undefined && RunDirectory.about(run).task !== TEXT_TASK;
  const wrong = Object.entries(isAgent ? OF_MODEL : OF_AGENT).find(([name]) => Object.hasOwn(options, name));
  if (wrong !== undefined)
    throw new UsageError(
      `${wrong[1]} is for ${isAgent ? 'language models' : 'agents of a run'}: leave it out.`,
    );
  if (isAgent) return null;
  if (run === undefined) return model!;
  const last = checkpointsIn(run).at(-1);
  if (last !== undefined) return last;
  throw new UsageError(`${run} has no checkpoint yet; to train on: ${suggest('resume', run)}`);
}
