import type { Command } from 'commander';
import { atLeastZero, seed } from '../arguments.ts';

export function addChat(program: Command): void {
  program
    .command('chat')
    .description('a dialogue with a language model')
    .requiredOption('--model <dir>', 'a directory of Hugging Face’s format, with a tokenizer')
    .option('--temperature <t>', 'how freely it speaks; 0: always the likeliest token', atLeastZero, 0.7)
    .option('--seed <n>', 'seed of what it says (default: another one each time)', seed)
    .addHelpText(
      'after',
      `
Each line of stdin is answered on stdout; the end of stdin ends the dialogue, and so does Ctrl-C. Where the context is
full, the oldest turns are dropped. Example:
  $ qfleet chat --model SmolLM2-135M-Instruct --temperature 0.2`,
    )
    .action(async (options: { model: string; temperature: number; seed?: number }) => {
      const { chat } = await import('../chat/chat.ts');
      await chat(options);
    });
}
