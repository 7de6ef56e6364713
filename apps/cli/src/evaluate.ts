import { RunDirectory } from '@qfleet/report';
import { bestCheckpoint } from '@qfleet/training';
import type { EvaluateOptions } from './commands/evaluate.ts';
import { CommandError } from './errors.ts';
import { evaluateGreedily, heldOutSeed } from './greedy-evaluation.ts';
import { print, printJson, style } from './output.ts';
import { suggest } from './suggest.ts';

/** `qfleet eval`: greedy episodes with the best checkpoint of a run. */
export async function evaluate(path: string, options: EvaluateOptions): Promise<void> {
  const directory = RunDirectory.open(path);
  const checkpoint = await bestCheckpoint(directory.checkpoints, ({ message }) =>
    process.stderr.write(`${message} It is passed over.\n`),
  );
  if (checkpoint === null) {
    throw new CommandError(`${path} has no checkpoint yet; to train on: ${suggest('resume', path)}`);
  }
  const { config } = directory;
  const seed = options.seed ?? heldOutSeed(config);
  const evaluation = await evaluateGreedily(config, checkpoint.parameters, options.episodes, seed);
  if (options.json) return printJson(evaluation);
  const { mean, std, returns } = evaluation;
  const range = `${Math.min(...returns).toFixed(1)} to ${Math.max(...returns).toFixed(1)}`;
  await print(
    `${style('bold', `${mean.toFixed(1)} ± ${std.toFixed(1)}`)} over ${returns.length} greedy episodes (${range}) of ` +
      `${config.environment.id}, update ${checkpoint.updates}, seed ${seed}`,
  );
}
