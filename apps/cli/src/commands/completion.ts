import { Argument, type Command } from 'commander';
import { complete } from '../completion/complete.ts';
import { completionScript, type Shell, shells } from '../completion/shells.ts';
import { print, printPart } from '../terminal/output.ts';

export function addCompletion(program: Command): void {
  program
    .command('completion')
    .description('a script with which a shell completes commands, options, presets, environments and fields')
    .addArgument(new Argument('<shell>', 'whose script').choices(shells))
    .addHelpText(
      'after',
      `
In ~/.bashrc, or in ~/.zshrc below compinit, or in ~/.config/fish/config.fish:
  $ source <(qfleet completion bash)
  $ source <(qfleet completion zsh)
  $ qfleet completion fish | source`,
    )
    .action(async (shell: Shell) => {
      await printPart(completionScript(shell, [process.execPath, process.argv[1]]));
    });

  // What the scripts ask: no word of it is an option.
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action(async (words: string[]) => {
      const { candidates, paths } = await complete(program, words.slice(0, -1), words.at(-1) ?? '');
      const lines = candidates.map(({ word, meaning = '' }) => `${word}\t${oneLine(meaning)}`);
      await print([paths, ...lines].join('\n'));
    });
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ');
