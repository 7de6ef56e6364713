import type { Command } from 'commander';
import { isApart } from '../apart/channel.ts';
import { runApart } from '../apart/run-apart.ts';
import { runsModule } from '../apart/runs-module.ts';
import { collect, positive, positiveInteger } from '../arguments.ts';
import { checkTaskOptions, TEXT_TASK, type TextResumeOptions } from '../text/options.ts';
import type { ResumeOptions } from '../train/resume.ts';

export function addResume(program: Command): void {
  program
    .command('resume')
    .description('goes on with a run from its last checkpoint, with other settings where they are given')
    .argument('<run-dir>', 'the directory of the run')
    .option(
      '--set <path=value>',
      'changes a field of the configuration from here on; may be repeated',
      collect,
    )
    .option('--max-updates <n>', 'stop after so many gradient updates of the whole run', positiveInteger)
    .option('--max-steps <n>', 'stop after so many environment steps of the whole run', positiveInteger)
    .option('--max-seconds <n>', 'stop after so many seconds of training of the whole run', positive)
    .option('--env <path>', "where the environment's module is now, if it moved")
    .option('--python <path>', 'the Python to play with, where Gymnasium plays the environment')
    .option('--redis <url>', 'the Redis that the run was started with, if it was not one of its own')
    .option('--offline <files...>', 'where the recorded experience is now, if it moved')
    .option('--data <path>', 'where the recorded dialogues, or the text of text/lm, are now, if they moved')
    .option('--trust', "run the run's environment also where its module lies outside of this project")
    .option('--json', 'one JSON document on stdout at the end; progress goes to stderr')
    .addHelpText(
      'after',
      `
Examples:
  $ qfleet resume runs/cartpole-1
  $ qfleet resume runs/cartpole-1 --max-updates 50000 --set agent.learningRate=0.0001

What the weights, the environment or the replay rest on can't change; every change is recorded with its update.`,
    )
    .action(async (directory: string, options: ResumeOptions & TextResumeOptions) => {
      const { RunDirectory } = await import('@qfleet/report');
      if (RunDirectory.about(directory).task === TEXT_TASK) {
        const { resumeText } = await import('../text/resume.ts');
        process.exitCode = await resumeText(directory, options);
        return;
      }
      checkTaskOptions(directory, options);
      if (!isApart && (await runsModule(directory))) {
        process.exitCode = await runApart(options.json === true);
        return;
      }
      const { resume } = await import('../train/resume.ts');
      process.exitCode = await resume(directory, options);
    });
}
