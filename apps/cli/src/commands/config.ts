import type { Command } from 'commander';

export function addConfig(program: Command): void {
  program
    .command('config')
    .description('the fields of a configuration: what each takes, its default, what it means')
    .argument('[field]', 'a field or a part of them, as agent.learningRate or replay (default: all)')
    .option('--preset <preset>', 'the values of a preset (see `qfleet presets`), each with its source')
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      `
A field is set in a configuration's YAML, or by \`--set path=value\` of train, resume and sweep. Examples:
  $ qfleet config agent.learningRate
  $ qfleet config replay.sampling --preset rainbow
  $ qfleet config --json > fields.json`,
    )
    .action(async (path: string | undefined, options: { preset?: string; json?: true }) => {
      const { showReference } = await import('../configuration/reference.ts');
      await showReference(path, options);
    });
}
