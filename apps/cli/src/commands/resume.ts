import type { Command } from 'commander';

export function addResume(program: Command): void {
  program
    .command('resume')
    .description('goes on with a run from its last checkpoint')
    .argument('<run-dir>', 'the directory of the run')
    .option('--redis <url>', 'the Redis that the run was started with, if it was not one of its own')
    .option('--json', 'one JSON document on stdout at the end; progress goes to stderr')
    .addHelpText('after', '\nExample:\n  $ qfleet resume runs/cartpole-1')
    .action(async (directory: string, options: { redis?: string; json?: true }) => {
      const { resume } = await import('../train/resume.ts');
      process.exitCode = await resume(directory, options);
    });
}
