import type { Command } from 'commander';

export function addStop(program: Command): void {
  program
    .command('stop')
    .description('ends a run in order, as Ctrl-C does where it was started')
    .argument('<run-dir>', 'the directory of the run')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  $ qfleet stop runs/cartpole-1')
    .action(async (directory: string, options: { json?: true }) => {
      const { stop } = await import('../train/stop.ts');
      process.exitCode = await stop(directory, options);
    });
}
