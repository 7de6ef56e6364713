import type { Command } from 'commander';
import { between } from '../arguments.ts';
import type { WatchOptions } from '../watch/watch.ts';

export function addWatch(program: Command): void {
  program
    .command('watch')
    .description('serves a page on this machine where the agent plays, live while it is trained')
    .argument('[run-dir]', 'the directory of the run')
    .option('--redis <url>', 'in place of a directory, the Redis of a fleet')
    .option('--run <id>', 'the run, where that Redis holds more than one')
    .option('--port <n>', 'of the page; 0: one that is free', between(0, 65_535), 0)
    .option('--trust', "run the run's environment also where its module lies outside of this project")
    .option('--env <path>', "where the environment's module is on this machine")
    .option('--python <path>', 'the Python to play with, where Gymnasium plays the environment')
    .option('--json', '{"url":…} on stdout')
    .addHelpText(
      'after',
      `
The page is for this machine alone: its address has a token, and nothing that it needs is asked for elsewhere. The
environment and the policy run in the browser; an environment of Gymnasium's runs in Python behind it. Examples:
  $ qfleet watch runs/latest
  $ qfleet watch --redis redis://127.0.0.1:6379
  $ qfleet export runs/latest --page out   the same as files that can be put anywhere`,
    )
    .action(async (directory: string | undefined, options: WatchOptions) => {
      const { watch } = await import('../watch/watch.ts');
      await watch(directory, options);
    });
}
