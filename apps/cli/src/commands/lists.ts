import type { Command } from 'commander';
import { UsageError } from '../errors.ts';
import { integer, print, printJson, style, table } from '../terminal/output.ts';

/** `presets` and `envs`: what there is, a line each. */
export function addLists(program: Command): void {
  program
    .command('presets')
    .description(
      'the ready configurations, a line each: of environments, and methods for `qfleet train … --preset METHOD`',
    )
    .option('--diff <names...>', 'the fields in which two of them differ')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExamples:\n  $ qfleet presets\n  $ qfleet presets --diff per-dqn dqn')
    .action(async ({ diff, json }: { diff?: string[]; json?: true }) => {
      const { listPresets } = await import('@qfleet/config');
      if (diff !== undefined) return printDifference(diff, json === true);
      const presets = listPresets();
      if (json) return printJson(presets);
      for (const [kind, heading] of [
        ['environment', 'Environments: qfleet train NAME'],
        ['method', 'Methods: qfleet train ENVIRONMENT --preset NAME'],
      ]) {
        const rows = presets.filter((preset) => preset.kind === kind);
        await print(
          `${heading}\n${table(rows.map(({ name, summary }) => [`  ${style('bold', name)}`, summary]))}`,
        );
      }
    });

  program
    .command('envs')
    .description('the environments that come with Qfleet, a line each')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  $ qfleet envs')
    .action(async ({ json }: { json?: true }) => {
      const { listEnvironments, listTextEnvironments } = await import('@qfleet/envs');
      const environments = listEnvironments();
      const texts = listTextEnvironments();
      if (json) {
        return printJson([
          ...environments.map(({ create: _, ...described }) => described),
          ...texts.map(({ tokenizer: { size, end, fingerprint }, utterances: _, ...described }) => ({
            ...described,
            tokenizer: { size, end, fingerprint },
          })),
        ]);
      }
      await print(
        table([
          ...environments.map(({ id, observationSpace, actionSpace, maxEpisodeSteps, summary }) => [
            style('bold', id),
            observationSpace.kind === 'box'
              ? `${observationSpace.dtype} [${observationSpace.shape}]`
              : `discrete ${observationSpace.n}`,
            `${actionSpace.n} actions`,
            maxEpisodeSteps === null ? 'no limit' : `${integer(maxEpisodeSteps)} steps`,
            summary,
          ]),
          ...texts.map(({ id, tokenizer, context, maxTurns, summary }) => [
            style('bold', id),
            `text of ${integer(context)}`,
            `${integer(tokenizer.size)} tokens`,
            maxTurns === null ? 'no limit' : `${integer(maxTurns)} turns`,
            summary,
          ]),
        ]),
      );
    });
}

/** The fields in which two presets differ, each with both of its values. */
async function printDifference(names: readonly string[], json: boolean): Promise<void> {
  if (names.length !== 2) {
    throw new UsageError(`--diff takes two presets, as in --diff per-dqn dqn, not ${names.length}.`);
  }
  const { changesBetween, presetByName } = await import('@qfleet/config');
  const [first, second] = names.map(presetByName);
  const fields = changesBetween(first, second).filter(({ path }) => path !== 'name');
  if (json) {
    return printJson(
      fields.map(({ path, from = null, to = null }) => ({ field: path, [names[0]]: from, [names[1]]: to })),
    );
  }
  const shown = (value: unknown): string => (value === undefined ? '–' : JSON.stringify(value));
  const rows = fields.map(({ path, from, to }) => [path, shown(from), shown(to)]);
  await print(table([['', ...names].map((name) => style('bold', name)), ...rows]));
}
