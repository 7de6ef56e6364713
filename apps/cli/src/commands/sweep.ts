import type { Command } from 'commander';
import { collect, positiveInteger } from '../arguments.ts';
import type { SweepOptions } from '../sweep/asked.ts';

export function addSweep(program: Command): void {
  program
    .command('sweep')
    .description(
      'trains a configuration with many settings and seeds, and tells the best: grid, random, successive halving',
    )
    .argument(
      '<what>',
      'a sweep.yaml; what `qfleet train` takes, with --seeds or a --set of several values; or the directory of a sweep, to go on with it',
    )
    .option('--preset <method>', 'how it is trained, as of `qfleet train`')
    .option(
      '--set <path=value,…>',
      'a field of the configuration: one value for all cells, or several to try; may be repeated',
      collect,
    )
    .option('--seeds <range>', 'seeds of each setting, as 1..5 or 1,2,7')
    .option('--dir <dir>', 'where the sweep is kept (default: runs/sweeps/NAME)')
    .option(
      '--workers <n>',
      'runs side by side (default: as many as the machine has cores for)',
      positiveInteger,
    )
    .option('--redis <url>', 'an existing Redis, over which other machines may share the work')
    .option('--retry', 'train cells that failed again')
    .option(
      '--dry-run',
      'print the cells and how long they may take, and train none (but a trial of seconds)',
    )
    .option('--trust', "run the sweep's environment also where its module lies outside of this project")
    .option('--json', 'one JSON document on stdout; progress goes to stderr')
    .option('--csv', 'comma-separated values on stdout, a line for each setting')
    .addHelpText(
      'after',
      `
Examples:
  $ qfleet sweep cartpole --seeds 1..5 --set agent.learningRate=5e-4,2e-3
  $ qfleet sweep sweep.yaml --dry-run
  $ qfleet sweep sweep.yaml --workers 4
  $ qfleet sweep runs/sweeps/sweep --csv > table.csv

A sweep.yaml:
  train: cartpole                # as of \`qfleet train\`; a file is looked for beside this one
  set: {stop.maxUpdates: 20000}  # for all cells
  seeds: 1..3
  space:
    agent.learningRate: {logUniform: [1e-5, 1e-2]}   # or uniform, integers
    agent.nSteps: [1, 3, 5]
  strategy: {kind: random, count: 20}   # or grid; or {kind: halving, factor: 3, count: 27}
  metric: last                   # the final evaluation; or best: the best while it trained

Ctrl-C ends it cleanly, and the same command goes on; so it does after any kill. A finished sweep prints its table.
best.yaml in its directory is the best setting: \`qfleet train DIR/best.yaml\`. More: docs/sweeps.md.`,
    )
    .action(async (what: string, options: SweepOptions) => {
      const { sweep } = await import('../sweep/sweep.ts');
      process.exitCode = await sweep(what, options);
    });
}
