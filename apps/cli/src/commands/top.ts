import type { Command } from 'commander';
import type { TopOptions } from '../top/connect.ts';

export function addTop(program: Command): void {
  program
    .command('top')
    .description('shows a live fleet: processes, rates, replay, learner, queues')
    .argument('[run-dir]', 'a run that `qfleet train` started on its own Redis')
    .option('--redis <url>', 'the Redis of the fleet')
    .option('--run <id>', 'the run, where the Redis holds more than one')
    .option('--json', 'one reading as a JSON document')
    .addHelpText(
      'after',
      `
Examples:
  $ qfleet top runs/cartpole-1
  $ qfleet top --redis redis://127.0.0.1:6379 --run cartpole-1`,
    )
    .action(async (directory: string | undefined, options: TopOptions) => {
      const { top } = await import('../top/top.ts');
      await top(directory, options);
    });
}
