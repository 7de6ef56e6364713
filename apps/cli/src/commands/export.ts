import type { Command } from 'commander';

export function addExport(program: Command): void {
  program
    .command('export')
    .description('writes the language model of a run for elsewhere, in Hugging Face’s format')
    .argument('<run-dir>', 'the directory of a run of `train text/lm`')
    .argument('<out-dir>', 'a directory that is not there yet, or empty')
    .addHelpText(
      'after',
      `
It holds config.json, model.safetensors and the tokenizer's files, as \`transformers\` reads them. Example:
  $ qfleet export runs/latest my-model && qfleet chat --model my-model`,
    )
    .action(async (run: string, out: string) => {
      const { exportModel } = await import('../text/export.ts');
      await exportModel(run, out);
    });
}
