import { type BenchName, benchDocument, benchNames, benchTable, runBench } from '@qfleet/bench';
import { Argument, type Command, Option } from 'commander';
import { UsageError } from '../errors.ts';
import { print, printJson, style, table } from '../terminal/output.ts';

export function addBench(program: Command): void {
  program
    .command('bench')
    .description('measures a part of Qfleet against its peers or its limit')
    .addArgument(new Argument('[name]', 'what to measure').choices(benchNames))
    .addOption(
      new Option(
        '--peer [name]',
        'measure peers here too, brought once by pip: torch for learner, inference and family, Gymnasium and others for envs, cpprb and reverb for replay',
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
      if (name === undefined) throw new UsageError(`Name what to measure: ${benchNames.join(', ')}.`);
      const report = await runBench(name, { peer: peer !== undefined, command: process.argv[1] });
      if (json) return printJson(benchDocument(report));
      const { machine, cells } = benchTable(report);
      const [head, ...rows] = cells;
      await print(`${machine}\n\n${table([head.map((title) => style('dim', title)), ...rows], [1, 3])}`);
    });
}
