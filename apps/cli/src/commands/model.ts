import type { Command } from 'commander';

const DIRECTORY = 'a directory of Hugging Face’s format: config.json, model.safetensors, tokenizer.json';

/** `model`: what a language model is, and what it computes. */
export function addModel(program: Command): void {
  const model = program.command('model').description('works on one language model');
  model
    .command('inspect')
    .description('says what a model is: kind, sizes, tokenizer, memory; what is missing or odd')
    .argument('<dir>', DIRECTORY)
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  $ qfleet model inspect SmolLM2-135M-Instruct')
    .action(async (directory: string, options: { json?: true }) => {
      const { inspect } = await import('../model/inspect.ts');
      await inspect(directory, options);
    });
  model
    .command('trace')
    .description('prints what a model makes of given tokens or texts')
    .argument('<dir>', DIRECTORY)
    .requiredOption('--in <file>', '{"ids":[[…]…]} or {"text":["…"…]}')
    .option('--json', 'one JSON document on stdout, which it always is')
    .addHelpText(
      'after',
      `
With ids may go "mask" (1 and 0, of padding on either side), "tokenTypes", "positions" (the columns that logits are
wanted for), and "generate" (how many tokens) with "forbid" (tokens that are never chosen). What is printed:
  {"logits":[[[…]…]…]}               rows × positions × vocabulary; of an encoder its head's, with "hidden"
  {"tokens":[[…]…]}                  the likeliest tokens, one after another
  {"ids":[[…]…],"decoded":["…"…]}    of texts, and the texts again
Example:
  $ echo '{"ids":[[1,2,3]],"generate":8}' > in.json && qfleet model trace SmolLM2-135M-Instruct --in in.json`,
    )
    .action(async (directory: string, options: { in: string }) => {
      const { trace } = await import('../model/trace.ts');
      await trace(directory, options.in);
    });
}
