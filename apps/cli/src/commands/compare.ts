import type { Command } from 'commander';
import type { CompareOptions } from '../compare/compare.ts';

export function addCompare(program: Command): void {
  program
    .command('compare')
    .description('compares runs of one environment: interquartile means, intervals, curves')
    .argument('<run-dirs...>', 'directories of runs that have ended')
    .option(
      '--by <preset|field>',
      'which runs count as repetitions: those of one name, or of one value of a field, as agent.nSteps (default: those whose configuration is equal but for the seed)',
    )
    .option('--json', 'one JSON document on stdout')
    .option('--csv', 'comma-separated values on stdout, a line for each group of runs')
    .option('--out <dir>', 'write compare.json, compare.csv, curves.svg and profiles.svg there')
    .addHelpText(
      'after',
      `
A run's score is the mean return of its final evaluation. Intervals of 95 % are of a stratified bootstrap over runs
(Agarwal et al., 2021).

Examples:
  $ qfleet compare runs/cartpole-*
  $ qfleet compare runs/a runs/b runs/c --by agent.nSteps
  $ qfleet compare runs/* --by preset --out comparison`,
    )
    .action(async (paths: string[], options: CompareOptions) => {
      const { compare } = await import('../compare/compare.ts');
      await compare(paths, options);
    });
}
