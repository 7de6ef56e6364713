import { type BenchName, benchDocument, benchNames, benchTable, hasPeers, runBench } from '@qfleet/bench';
import { Argument, type Command, Option } from 'commander';
import { UsageError } from '../errors.ts';
import { print, printJson, style, table } from '../terminal/output.ts';

interface BenchFlags {
  readonly json?: true;
  readonly peer?: true | string;
}

export function addBench(program: Command): void {
  program
    .command('bench')
    .description('measures a part of Qfleet against its peers or its limit')
    .addArgument(new Argument('[name]', 'what to measure').choices(benchNames))
    .addArgument(
      new Argument('[environments...]', 'what envs measures, by ids; one of each family where none is named'),
    )
    .addOption(
      new Option(
        '--peer [name]',
        'measure peers here too, brought once by pip: torch for learner, inference, family and language, Gymnasium and others for envs, cpprb and reverb for replay',
      ),
    )
    .addOption(new Option('--json', 'one JSON document on stdout'))
    .addHelpText(
      'after',
      `
A ratio is better above 1, whatever the unit. Example:
  $ qfleet bench envs --json
  $ qfleet bench envs CartPole-v1 LunarLander-v3 --peer`,
    )
    .action(async (name: BenchName | undefined, environments: string[], { json, peer }: BenchFlags) => {
      if (name === undefined) throw new UsageError(`Name what to measure: ${benchNames.join(', ')}.`);
      if (environments.length > 0 && name !== 'envs') {
        throw new UsageError(
          `qfleet bench ${name} measures no environments: leave ${environments.join(' ')} out.`,
        );
      }
      if (peer !== undefined && !hasPeers(name)) {
        throw new UsageError(`qfleet bench ${name} has no peer that it could bring: leave --peer out.`);
      }
      const options = { peer: peer !== undefined, command: process.argv[1], environments };
      const report = await runBench(name, options);
      if (json) return printJson(benchDocument(report));
      const { machine, cells } = benchTable(report);
      const [head, ...rows] = cells;
      await print(`${machine}\n\n${table([head.map((title) => style('dim', title)), ...rows], [1, 3])}`);
    });
}
