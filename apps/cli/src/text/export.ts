import { existsSync, readdirSync } from 'node:fs';
import { checkpointsIn, copyModel } from '@qfleet/single';
import { UsageError } from '../errors.ts';
import { suggest } from '../suggest.ts';
import { print, shown } from '../terminal/output.ts';

/** `qfleet export`: copies a run's last model, in Hugging Face's format, to an empty directory. */
export async function exportModel(run: string, to: string): Promise<void> {
  if (!existsSync(run)) throw new UsageError(`There is no directory ${run}.`);
  const model = checkpointsIn(run).at(-1);
  if (model === undefined)
    throw new UsageError(
      `${run} has no language model: name a run of \`${suggest('train', 'text/lm')}\` that has a checkpoint.`,
    );
  if (existsSync(to) && readdirSync(to).length > 0)
    throw new UsageError(`${to} is not empty: name another directory for the model.`);
  copyModel(model, to);
  await print(`${shown(to)} holds the model. To talk to it: ${suggest('chat', '--model', shown(to))}`);
}
