import type { Command } from 'commander';
import { integer, print, printJson, style, table } from '../terminal/output.ts';

/** `presets` and `envs`: what there is, a line each. */
export function addLists(program: Command): void {
  program
    .command('presets')
    .description('the ready configurations, a line each')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  $ qfleet presets')
    .action(async ({ json }: { json?: true }) => {
      const { listPresets } = await import('@qfleet/config');
      const presets = listPresets();
      if (json) return printJson(presets);
      await print(table(presets.map(({ name, summary }) => [style('bold', name), summary])));
    });

  program
    .command('envs')
    .description('the environments that come with Qfleet, a line each')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  $ qfleet envs')
    .action(async ({ json }: { json?: true }) => {
      const { listEnvironments } = await import('@qfleet/envs');
      const environments = listEnvironments();
      if (json) {
        const fields = environments.map(({ create: _, ...described }) => described);
        return printJson(fields);
      }
      await print(
        table(
          environments.map(({ id, observationSpace, actionSpace, maxEpisodeSteps, summary }) => [
            style('bold', id),
            observationSpace.kind === 'box'
              ? `${observationSpace.dtype} [${observationSpace.shape}]`
              : `discrete ${observationSpace.n}`,
            `${actionSpace.n} actions`,
            maxEpisodeSteps === null ? 'no limit' : `${integer(maxEpisodeSteps)} steps`,
            summary,
          ]),
        ),
      );
    });
}
