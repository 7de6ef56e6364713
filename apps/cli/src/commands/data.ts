import { type Command, Option } from 'commander';
import { isApart } from '../apart/channel.ts';
import { runApart } from '../apart/run-apart.ts';
import { collect, isModule, positiveInteger, seed } from '../arguments.ts';
import type { DataOptions } from '../data/data.ts';

/** `data`: the episodes that a text task is learned from. */
export function addData(program: Command): void {
  program
    .command('data')
    .description("plays a text task's scripted agents and writes their episodes, or checks files of such")
    .argument('<task>', 'a text environment that `qfleet envs` lists, or an environment module .ts or .js')
    .option('--out <dir>', 'where to write episodes.jsonl or episodes.parquet')
    .option(
      '--check <path>',
      'reads a file or directory in place of writing one, and tells what does not fit',
    )
    .option('--episodes <n>', "how many episodes to write (default: the task's own number)", positiveInteger)
    .option('--seed <n>', 'the same seed gives the same file', seed, 0)
    .option('--option <name=value>', 'an option of the task, as in words=60; may be repeated', collect, [])
    .addOption(
      new Option('--policy <which>', 'whose episodes: those of the data, or of the scripted bound')
        .choices(['data', 'bound'])
        .default('data'),
    )
    .addOption(
      new Option('--format <format>', 'a line an episode, or a row a turn')
        .choices(['jsonl', 'parquet'])
        .default('jsonl'),
    )
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      `
A line is {"turns":[{"who":"environment","text":"b"},{"who":"agent","text":"dla","reward":0.6}],"terminated":true}, or
with "truncated":true. An agent's text is without the token that ends it. Examples:
  $ qfleet data text/wordle --option words=60 --episodes 100000 --out wordle-60
  $ qfleet data text/wordle --option words=60 --check wordle-60`,
    )
    .action(async (task: string, options: DataOptions) => {
      if (isModule(task) && !isApart) {
        process.exitCode = await runApart(options.json === true);
        return;
      }
      const { data } = await import('../data/data.ts');
      await data(task, options);
    });
}
