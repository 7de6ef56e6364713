import { type Command, Option } from 'commander';
import { isApart } from '../apart/channel.ts';
import { runApart } from '../apart/run-apart.ts';
import { runsModule } from '../apart/runs-module.ts';
import { positiveInteger, seed } from '../arguments.ts';
import type { EvaluateOptions } from '../evaluate.ts';

export function addEvaluate(program: Command): void {
  program
    .command('eval')
    .description('plays greedy episodes with the best checkpoint of a run')
    .argument('<run-dir>', 'the directory of the run')
    .option('--episodes <n>', 'how many', positiveInteger, 20)
    .option('--seed <n>', 'of the episodes (default: one that training never uses)', seed)
    .addOption(
      new Option(
        '--decode <how>',
        'of an agent that speaks: the likeliest token, or one drawn (default: as its configuration says)',
      ).choices(['greedy', 'sample']),
    )
    .option('--trust', "run the run's environment also where its module lies outside of this project")
    .option('--env <path>', "where the environment's module is now, if it moved")
    .option('--python <path>', 'the Python to play with, where Gymnasium plays the environment')
    .option('--json', '{"returns":[…],"mean":…,"std":…} on stdout')
    .addHelpText('after', '\nExample:\n  $ qfleet eval runs/cartpole-1 --episodes 100 --seed 1')
    .action(async (directory: string, options: EvaluateOptions) => {
      if (!isApart && (await runsModule(directory))) {
        process.exitCode = await runApart(options.json === true);
        return;
      }
      const { evaluate } = await import('../evaluate.ts');
      await evaluate(directory, options);
    });
}
