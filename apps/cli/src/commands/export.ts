import { type Command, Option } from 'commander';
import { UsageError } from '../errors.ts';
import type { ExportOptions } from '../export.ts';
import type { ExportPageOptions } from '../watch/export-page.ts';

export function addExport(program: Command): void {
  program
    .command('export')
    .description('writes what a run has learned for elsewhere: ONNX, safetensors, JSON, Hugging Face, a page')
    .argument('<run-dir>', 'the directory of the run')
    .argument(
      '[out]',
      'a file ending in .onnx, .safetensors or .json; of a language model or an agent that speaks, an empty directory',
    )
    .addOption(
      new Option('--checkpoint <which>', 'the best one, or the newest')
        .choices(['best', 'last'])
        .default('best'),
    )
    .option('--page <dir>', 'in place of OUT: the page of qfleet watch as files, in an empty directory')
    .option('--trust', 'with --page: take the environment also where its module lies outside of this project')
    .option('--json', 'what was written, as JSON on stdout')
    .option(
      '--env <path>',
      'the environment’s module: of a page where it moved, of a policy whose objective or network it registers',
    )
    .addHelpText(
      'after',
      `
The run's environment is not started. docs/formats.md says what the files hold. Of a run of \`train text/lm\`, or of an agent that speaks, the directory holds
config.json, model.safetensors and the tokenizer's files, as \`transformers\` reads them. A page has all of the run's checkpoints, and
runs in any browser, from a web server or as a file. Examples:
  $ qfleet export runs/latest policy.onnx            for onnxruntime, in any language
  $ qfleet export runs/latest policy.safetensors     the weights, for Python
  $ qfleet export runs/latest --page my-page         where the agent plays
  $ qfleet export runs/lm my-model && qfleet chat --model my-model`,
    )
    .action(async (run: string, out: string | undefined, options: ExportOptions & PageOption) => {
      if (options.page !== undefined) {
        if (out !== undefined) throw new UsageError('--page names its own directory: leave OUT out.');
        const { exportPage } = await import('../watch/export-page.ts');
        return exportPage(run, options.page, options);
      }
      if (out === undefined) throw new UsageError('Name OUT, the file or directory to write, or --page DIR.');
      const { exportRun } = await import('../export.ts');
      await exportRun(run, out, options);
    });
}

type PageOption = ExportPageOptions & { readonly page?: string };
