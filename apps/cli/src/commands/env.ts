import { writeFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { isApart } from '../apart/channel.ts';
import { runApart } from '../apart/run-apart.ts';
import { isModule, positiveInteger, seed } from '../arguments.ts';
import { UsageError } from '../errors.ts';
import { bridgeOf } from '../named-python.ts';
import { readJson } from '../read-json.ts';
import { printJson } from '../terminal/output.ts';

/** `env`: what an environment does on given actions, and whether it can be trained on. */
export function addEnv(program: Command): void {
  const env = program.command('env').description('works on one environment');
  env
    .command('check')
    .description('plays random actions, or says random utterances, and tells what an environment does wrong')
    .argument(
      '<env>',
      'an id that `qfleet envs` lists or Gymnasium has (gym:ID), or an environment module .ts or .js',
    )
    .option('--steps <n>', 'steps to play, or utterances to say', positiveInteger, 10_000)
    .option('--seed <n>', 'seed of environment and actions', seed, 0)
    .option('--python <path>', 'a Python that has what the environment needs, where Gymnasium plays it')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExit code 1 where there is a problem. Example:\n  $ qfleet env check env.ts')
    .action(async (id: string, options: { steps: number; seed: number; python?: string; json?: true }) => {
      if (isModule(id) && !isApart) {
        process.exitCode = await runApart(options.json === true);
        return;
      }
      const { check } = await import('../check.ts');
      await check(id, options);
    });
  env
    .command('trace')
    .description('plays given actions and prints what the environment gave')
    .argument(
      '<env>',
      'an id that `qfleet envs` lists or Gymnasium has (gym:ID), or an environment module .ts or .js',
    )
    .requiredOption('--in <file>', '{"seed":N,"actions":[…]}, or with state or draws in place of the seed')
    .option('--out <file>', 'where to write the trace (default: stdout)')
    .option('--python <path>', 'a Python that has what the environment needs, where Gymnasium plays it')
    .option('--json', 'one JSON document on stdout, which it always is')
    .addHelpText(
      'after',
      `
The trace is {"initial":[…],"observations":[[…]],"rewards":[…],"terminated":[…],"truncated":[…],"states":[…]}: what
came after each action, before any reset; states where the environment tells them. The input may also have
"options", named as Gymnasium's keyword arguments, and "autoreset":true, with which an episode's end is followed by a
reset; else the trace ends with the episode. Seeds are Qfleet's: the same seed starts Gymnasium elsewhere, so compare
from a state. What Gymnasium plays takes its own seeds. A text environment takes utterances as "actions", and "start" or a "state" of its own in place of draws; its
trace has "texts" in place of observations, and "legal" where it says what is. Examples:
  $ echo '{"seed":0,"actions":[0,1,1]}' > trace.json && qfleet env trace CartPole-v1 --in trace.json
  $ echo '{"options":{"words":2315},"state":"crane","actions":["s t a r e"]}' > in.json && qfleet env trace text/wordle --in in.json`,
    )
    .action(async (id: string, options: { in: string; out?: string; python?: string; json?: true }) => {
      if (isModule(id) && !isApart) {
        process.exitCode = await runApart(true);
        return;
      }
      const { resolveAnyEnvironment } = await import('@qfleet/env-host');
      const { isText, traceEnvironment, traceOptions, traceTextEnvironment } = await import('@qfleet/envs');
      const input = await readJson(options.in);
      const module = isModule(id) ? id : undefined;
      const gymnasium = bridgeOf(options.python);
      const definition = await resolveAnyEnvironment({ id, module, options: traceOptions(input), gymnasium });
      const trace = isText(definition)
        ? traceTextEnvironment(definition, input)
        : traceEnvironment(definition, input);
      if (options.out === undefined) return printJson(trace);
      await write(options.out, `${JSON.stringify(trace)}\n`);
    });
  env
    .command('draw')
    .description('plays some steps and draws the state that they lead to')
    .argument('<env>', 'an id that `qfleet envs` lists, or a module .ts or .js that wraps one of them')
    .argument('<out>', 'where to write the picture, an .svg')
    .option('--seed <n>', 'seed of environment and random actions', seed, 0)
    .option('--steps <n>', 'steps of random actions to play first (default: none)', positiveInteger)
    .option('--actions <list>', 'actions to play first in place of random ones, as in 0,1,1', actionList)
    .addHelpText(
      'after',
      `
Where the episode ends earlier, the picture is of its last state. Example:
  $ qfleet env draw minatar/breakout breakout.svg --seed 1 --steps 20`,
    )
    .action(async (id: string, out: string, options: DrawOptions) => {
      if (isModule(id) && !isApart) {
        process.exitCode = await runApart(false);
        return;
      }
      const { steps, actions } = options;
      if (!/\.svg$/i.test(out)) throw new UsageError(`${out}: a picture is an SVG, so name it with .svg.`);
      if (steps !== undefined && actions !== undefined) {
        throw new UsageError('--steps plays random actions and --actions given ones: give one of them.');
      }
      const { resolveEnvironment } = await import('@qfleet/env-host');
      const { drawEnvironment, writeSvg } = await import('@qfleet/envs');
      const module = isModule(id) ? id : undefined;
      const definition = await resolveEnvironment({ id, module, options: {} });
      const picture = drawEnvironment(definition, { seed: options.seed, steps: actions ?? steps ?? 0 });
      await write(out, writeSvg(picture, definition.id));
    });
}

interface DrawOptions {
  readonly seed: number;
  readonly steps?: number;
  readonly actions?: readonly number[];
}

/** Integers from 0 on, with commas between them. */
function actionList(text: string): number[] {
  if (/^\d+(,\d+)*$/.test(text)) return text.split(',').map(Number);
  throw new InvalidArgumentError('It must be integers from 0 on with commas between them, as in 0,1,1.');
}

async function write(path: string, text: string): Promise<void> {
  await writeFile(path, text).catch((cause: Error) => {
    throw new UsageError(`${path} cannot be written: ${cause.message}.`, { cause });
  });
}
