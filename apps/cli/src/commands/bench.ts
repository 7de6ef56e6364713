import { Argument, type Command, Option } from 'commander';
import type { BenchName } from '../bench/run.ts';
import { UsageError } from '../errors.ts';

const benches = ['learner', 'inference', 'envs', 'replay', 'fleet'] as const satisfies readonly BenchName[];

export function addBench(program: Command): void {
  program
    .command('bench')
    .description('measures a part of Qfleet against its peers or its limit')
    .addArgument(new Argument('[name]', 'what to measure').choices(benches))
    .addOption(
      new Option(
        '--peer [name]',
        'measure peers here too, brought once by pip: torch for learner and inference, cpprb and reverb for replay',
      ),
    )
    .addOption(new Option('--json', 'one JSON document on stdout'))
    .addHelpText(
      'after',
      `
A ratio is better above 1, whatever the unit. Example:
  $ qfleet bench envs --json`,
    )
    .action(async (name: BenchName | undefined, { json, peer }: { json?: true; peer?: true | string }) => {
      if (name === undefined) throw new UsageError(`Name what to measure: ${benches.join(', ')}.`);
      const { runBench } = await import('../bench/run.ts');
      await runBench(name, json === true, peer !== undefined);
    });
}
