import { type Command, Option } from 'commander';
import { isApart } from '../apart/channel.ts';
import { runApart } from '../apart/run-apart.ts';
import { runsModule } from '../apart/runs-module.ts';
import { atLeastZero, seed } from '../arguments.ts';
import type { AgentChatOptions } from '../chat/agent-chat.ts';

interface ChatOptions extends AgentChatOptions {
  readonly model?: string;
  readonly temperature?: number;
}

export function addChat(program: Command): void {
  program
    .command('chat')
    .description('a dialogue with a language model, or with the agent of a run')
    .argument('[run-dir]', 'the directory of a run on texts, of `qfleet train text/…`')
    .option('--model <dir>', 'in place of a run: a directory of Hugging Face’s format, with a tokenizer')
    .option(
      '--temperature <t>',
      'of a language model: how freely it speaks; 0: always the likeliest token (default: 0.7)',
      atLeastZero,
    )
    .addOption(
      new Option(
        '--decode <how>',
        'of an agent: the likeliest token, or one drawn (default: as its configuration says)',
      ).choices(['greedy', 'sample']),
    )
    .option(
      '--values',
      'of an agent: green is a token that is better than the text was before, red a worse one',
    )
    .option('--seed <n>', 'seed of what it says (default: another one each time)', seed)
    .option('--env <path>', "where the environment's module is now, if it moved")
    .option('--trust', "run the run's environment also where its module lies outside of this project")
    .addHelpText(
      'after',
      `
Each line of stdin is answered on stdout; the end of stdin ends the dialogue, and so does Ctrl-C. Where the context is
full, the oldest turns are dropped. With an agent a line is what its environment says; /new begins anew, and /values
shows each token of the last answer with Q, V and the three likeliest others. Examples:
  $ qfleet chat --model SmolLM2-135M-Instruct --temperature 0.2
  $ qfleet chat runs/latest --values`,
    )
    .action(async (run: string | undefined, options: ChatOptions) => {
      const { modelToChatWith } = await import('../chat/model-of.ts');
      const model = await modelToChatWith(run, options);
      if (model !== null) {
        const { chat } = await import('../chat/chat.ts');
        const { temperature = 0.7, seed: from } = options;
        await chat({ model, temperature, ...(from === undefined ? {} : { seed: from }) });
        return;
      }
      if (!isApart && (await runsModule(run!))) {
        process.exitCode = await runApart(false);
        return;
      }
      const { chatWithAgent } = await import('../chat/agent-chat.ts');
      await chatWithAgent(run!, options);
    });
}
