import type { Command } from 'commander';
import { isApart } from '../apart/channel.ts';
import { runApart } from '../apart/run-apart.ts';
import { collect, isModule, positive, positiveInteger, seed } from '../arguments.ts';
import { checkTaskOptions, TEXT_TASK, type TextTrainOptions } from '../text/options.ts';
import type { TrainOptions } from '../train/configuration.ts';

export function addTrain(program: Command): void {
  program
    .command('train')
    .description('trains an agent with a fleet of processes on this machine, and shows how good it got')
    .argument(
      '<what>',
      'a preset (see `qfleet presets`), an environment (see `qfleet envs`), an id of Gymnasium (ALE/Pong-v5, gym:ID), a configuration.yaml, an environment module .ts or .js, or text/lm: a language model',
    )
    .option('--preset <method>', 'how it is trained, in place of its own preset (see `qfleet presets`)')
    .option('--set <path=value>', 'overrides a field of the configuration; may be repeated', collect)
    .option('--actors <n>', 'actor processes to start', positiveInteger)
    .option(
      '--single',
      'actor and learner in this one process, on two cores at most, reproducible from the seed; needs no Redis',
    )
    .option(
      '--redis <url>',
      'an existing Redis (redis://, rediss:// or redis-cluster://) in place of one of its own',
    )
    .option('--seed <n>', 'seed of the run', seed)
    .option(
      '--run-dir <dir>',
      'where the run is kept (default: runs/NAME-DATE-TIME-ID, and runs/latest points to it)',
    )
    .option('--max-updates <n>', 'stop after so many gradient updates', positiveInteger)
    .option('--max-steps <n>', 'stop after so many environment steps', positiveInteger)
    .option('--max-seconds <n>', 'stop after so many seconds of training', positive)
    .option(
      '--from <run-dir|checkpoint>',
      'begin with the weights of another run, whose network has the same shapes; of text/lm with its last model',
    )
    .option(
      '--offline <files...>',
      'learn from recorded experience alone, in this process: files of `qfleet replay export`, or a finished run',
    )
    .option('--keep-replay', 'with --single: keep the replay in the run directory, to learn from it offline')
    .option(
      '--python <path>',
      'a Python that has what the environment needs, where Gymnasium plays it (default: a private one)',
    )
    .option('--detach', 'train in the background, whatever becomes of this terminal; `qfleet stop` ends it')
    .option(
      '--data <path>',
      'recorded dialogues for an agent that speaks: a file or directory of `qfleet data`, .jsonl or .parquet; of text/lm the text, UTF-8',
    )
    .option(
      '--model <dir>',
      'the decoder, of Hugging Face’s format, that text/lm or an agent that speaks begins with, and its tokenizer (default: a new one)',
    )
    .option(
      '--context <n>',
      'tokens that text/lm sees at once (default: 256, or what the model takes); of an agent with --model (default: what it takes)',
      positiveInteger,
    )
    .option('--learning-rate <x>', 'of text/lm (default: 0.002, of a given model 0.00005)', positive)
    .option('--json', 'one JSON document on stdout at the end; progress goes to stderr')
    .addHelpText(
      'after',
      `
Examples:
  $ qfleet train cartpole
  $ qfleet train cartpole --actors 4 --set agent.learningRate=0.001 --set replay.sampling.kind=prioritized
  $ qfleet train cartpole --preset per-dqn
  $ qfleet train my-run.yaml --seed 7 --run-dir runs/seed-7
  $ qfleet train Taxi-v3 --seed 1
  $ qfleet train env.ts --max-steps 100000
  $ qfleet train gym:my_package/MyEnv-v0 --python .venv/bin/python
  $ qfleet train cartpole --offline cartpole.parquet --set agent.cql.alpha=0.3
  $ qfleet train text/walks --preset mc --data walks/
  $ qfleet train text/booking --model my-model --preset ilql-online
  $ qfleet train text/lm --data book.txt --max-updates 2000

Ctrl-C ends it cleanly; \`qfleet resume RUN_DIR\` goes on.`,
    )
    .action(async (what: string, options: TrainOptions & TextTrainOptions) => {
      checkTaskOptions(what, options);
      const { askGymnasium } = await import('../train/known-environment.ts');
      if (what !== TEXT_TASK) await askGymnasium(what, options.python);
      if (what === TEXT_TASK) {
        const { trainOnText } = await import('../text/train.ts');
        process.exitCode = await trainOnText(options);
        return;
      }
      if (!isApart && (await trainsModule(what, options))) {
        process.exitCode = await runApart(options.json === true);
        return;
      }
      const { train } = await import('../train/train.ts');
      process.exitCode = await train(what, options);
    });
}

/** Whether a user's code is trained on. */
async function trainsModule(what: string, options: TrainOptions): Promise<boolean> {
  if (isModule(what)) return true;
  const { configurationOf } = await import('../train/configuration.ts');
  return configurationOf(what, options).environment.module !== undefined;
}
