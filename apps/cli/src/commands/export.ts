import { type Command, Option } from 'commander';
import type { ExportOptions } from '../export.ts';

export function addExport(program: Command): void {
  program
    .command('export')
    .description('writes what a run has learned for elsewhere: ONNX, safetensors, JSON, Hugging Face')
    .argument('<run-dir>', 'the directory of the run')
    .argument(
      '<out>',
      'a file ending in .onnx, .safetensors or .json; of a language model, an empty directory',
    )
    .addOption(
      new Option('--checkpoint <which>', 'the best one, or the newest')
        .choices(['best', 'last'])
        .default('best'),
    )
    .option('--json', 'what was written, as JSON on stdout')
    .addHelpText(
      'after',
      `
The run's environment is not started. docs/formats.md says what the files hold. Of a run of \`train text/lm\` the directory holds
config.json, model.safetensors and the tokenizer's files, as \`transformers\` reads them. Examples:
  $ qfleet export runs/latest policy.onnx            for onnxruntime, in any language
  $ qfleet export runs/latest policy.safetensors     the weights, for Python
  $ qfleet export runs/lm my-model && qfleet chat --model my-model`,
    )
    .action(async (run: string, out: string, options: ExportOptions) => {
      const { exportRun } = await import('../export.ts');
      await exportRun(run, out, options);
    });
}
