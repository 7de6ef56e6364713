import type { Command } from 'commander';
import type { ReplayOptions } from '../replay/open.ts';

const WHERE = 'the directory of a run, also of one that has ended, or the URL of its Redis';
const RUN = 'the run, where the Redis holds more than one';

export function addReplay(program: Command): void {
  const replay = program
    .command('replay')
    .description("looks into a run's replay, writes it to and reads it from Parquet files")
    .addHelpText(
      'after',
      `
Examples:
  $ qfleet replay inspect runs/cartpole-1
  $ qfleet replay export runs/cartpole-1 cartpole.parquet
  $ qfleet replay import redis://127.0.0.1:6379 cartpole.parquet --run cartpole-2`,
    );
  replay
    .command('inspect')
    .description('counts, memory, episodes and their returns')
    .argument('<run>', WHERE)
    .option('--run <id>', RUN)
    .option('--json', 'one JSON document on stdout')
    .action(async (where: string, options: ReplayOptions) => {
      const { inspect } = await import('../replay/inspect.ts');
      await inspect(where, options);
    });
  replay
    .command('export')
    .description('writes all transitions to a Parquet file, one a row; of agents that speak, all tokens')
    .argument('<run>', WHERE)
    .argument('<file>', 'to write; it must not be there yet')
    .option('--run <id>', RUN)
    .option('--json', 'what was written, as a JSON document on stdout')
    .action(async (where: string, file: string, options: ReplayOptions) => {
      const { exportTo } = await import('../replay/export.ts');
      await exportTo(where, file, options);
    });
  replay
    .command('import')
    .description('appends the transitions or tokens of a file; what the replay holds already is left out')
    .argument('<run>', WHERE)
    .argument('<file>', 'that `qfleet replay export` wrote, or another program with its columns')
    .option('--run <id>', RUN)
    .option('--json', 'what was read, as a JSON document on stdout')
    .action(async (where: string, file: string, options: ReplayOptions) => {
      const { importFrom } = await import('../replay/import.ts');
      await importFrom(where, file, options);
    });
}
