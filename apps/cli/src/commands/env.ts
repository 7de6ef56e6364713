import { readFile, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { isApart } from '../apart/channel.ts';
import { runApart } from '../apart/run-apart.ts';
import { isModule, positiveInteger, seed } from '../arguments.ts';
import { UsageError } from '../errors.ts';
import { printJson } from '../terminal/output.ts';

/** `env`: what an environment does on given actions, and whether it can be trained on. */
export function addEnv(program: Command): void {
  const env = program.command('env').description('works on one environment');
  env
    .command('check')
    .description('plays random actions and tells what an environment does wrong')
    .argument('<env>', 'an id that `qfleet envs` lists, or an environment module .ts or .js')
    .option('--steps <n>', 'steps to play', positiveInteger, 10_000)
    .option('--seed <n>', 'seed of environment and actions', seed, 0)
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExit code 1 where there is a problem. Example:\n  $ qfleet env check env.ts')
    .action(async (id: string, options: { steps: number; seed: number; json?: true }) => {
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
    .argument('<env>', 'an id that `qfleet envs` lists, or an environment module .ts or .js')
    .requiredOption('--in <file>', '{"seed":N,"actions":[…]}, or with state or draws in place of the seed')
    .option('--out <file>', 'where to write the trace (default: stdout)')
    .option('--json', 'one JSON document on stdout, which it always is')
    .addHelpText(
      'after',
      `
The trace is {"initial":[…],"observations":[[…]],"rewards":[…],"terminated":[…],"truncated":[…],"states":[…]}: what
came after each action, before any reset; states where the environment tells them. The input may also have
"options", named as Gymnasium's keyword arguments, and "autoreset":true, with which an episode's end is followed by a
reset; else the trace ends with the episode. Seeds are Qfleet's: the same seed starts Gymnasium elsewhere, so compare
from a state. Example:
  $ echo '{"seed":0,"actions":[0,1,1]}' > trace.json && qfleet env trace CartPole-v1 --in trace.json`,
    )
    .action(async (id: string, options: { in: string; out?: string; json?: true }) => {
      if (isModule(id) && !isApart) {
        process.exitCode = await runApart(true);
        return;
      }
      const { resolveEnvironment } = await import('@qfleet/env-host');
      const { traceEnvironment, traceOptions } = await import('@qfleet/envs');
      const input = await readJson(options.in);
      const module = isModule(id) ? id : undefined;
      const definition = await resolveEnvironment({ id, module, options: traceOptions(input) });
      const trace = traceEnvironment(definition, input);
      if (options.out === undefined) return printJson(trace);
      await writeFile(options.out, `${JSON.stringify(trace)}\n`).catch((cause: Error) => {
        throw new UsageError(`${options.out} cannot be written: ${cause.message}.`, { cause });
      });
    });
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const known: Record<string, string> = { ENOENT: 'there is no such file', EISDIR: 'it is a directory' };
    throw new UsageError(`${path}: ${known[cause.code ?? ''] ?? cause.message}.`, { cause });
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`${path} is not JSON: ${(cause as Error).message}.`, { cause });
  }
}
