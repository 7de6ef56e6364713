import type { Command } from 'commander';

export interface ResumeOptions {
  readonly redis?: string;
  readonly trust?: true;
  readonly json?: true;
}

export function addResume(program: Command): void {
  program
    .command('resume')
    .description('goes on with a run from its last checkpoint')
    .argument('<run-dir>', 'the directory of the run')
    .option('--redis <url>', 'the Redis that the run was started with, if it was not one of its own')
    .option('--trust', "run the run's environment also where its module lies outside of this project")
    .option('--json', 'one JSON document on stdout at the end; progress goes to stderr')
    .addHelpText('after', '\nExample:\n  $ qfleet resume runs/cartpole-1')
    .action(async (directory: string, options: ResumeOptions) => {
      const { resume } = await import('../train/resume.ts');
      process.exitCode = await resume(directory, options);
    });
}
