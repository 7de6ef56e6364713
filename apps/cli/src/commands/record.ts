import type { Command } from 'commander';
import { isApart } from '../apart/channel.ts';
import { runApart } from '../apart/run-apart.ts';
import { runsModule } from '../apart/runs-module.ts';
import { between, positiveInteger, seed } from '../arguments.ts';
import type { RecordOptions } from '../record/options.ts';

export function addRecord(program: Command): void {
  program
    .command('record')
    .description(
      'records episodes with the best checkpoint of a run as a GIF or a film; of an agent that speaks, as an SVG',
    )
    .argument('<run-dir>', 'the directory of the run')
    .argument(
      '<out>',
      'a file, replaced where there is one: .gif, or .mp4 where ffmpeg is on the path; of an agent that speaks .svg',
    )
    .option('--episodes <n>', 'how many', positiveInteger, 1)
    .option('--seed <n>', 'of the episodes (default: one that training never uses)', seed)
    .option('--width <n>', 'of the picture, in pixels', between(16, 4_096), 480)
    .option(
      '--fps <n>',
      'frames a second, one for each step (default: real time, where it has one)',
      between(1, 1_000),
    )
    .option(
      '--max-steps <n>',
      'after so many steps in all it ends; a dialogue after so many tokens',
      positiveInteger,
      2_000,
    )
    .option('--trust', "run the run's environment also where its module lies outside of this project")
    .option('--env <path>', "where the environment's module is now, if it moved")
    .option('--python <path>', 'the Python to play with, where Gymnasium plays the environment')
    .option('--json', '{"file":…,"bytes":…,"frames":…,"seed":…,"returns":[…]} on stdout')
    .addHelpText(
      'after',
      `
The same seed gives the same bytes of a GIF. The first episode is that of qfleet eval with this seed. Where the agent speaks, the
language model alone goes through the episode first, and tokens are coloured by what they are worth. Examples:
  $ qfleet record runs/latest cartpole.gif --episodes 2 --seed 1
  $ qfleet record runs/walks dialogue.svg`,
    )
    .action(async (directory: string, out: string, options: RecordOptions) => {
      if (!isApart && (await runsModule(directory))) {
        process.exitCode = await runApart(options.json === true);
        return;
      }
      const { record } = await import('../record/record.ts');
      await record(directory, out, options);
    });
}
