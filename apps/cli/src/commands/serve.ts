import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ServeOptions } from '../serve.ts';

export function addServe(program: Command): void {
  program
    .command('serve')
    .description('serves what a run has learned over HTTP: POST /act')
    .argument('<run-dir>', 'the directory of the run')
    .option('--port <n>', '0: any free one', port, 8_420)
    .option(
      '--host <address>',
      'an address of this machine; others than loopback need something in front that asks who calls',
      '127.0.0.1',
    )
    .addOption(
      new Option('--checkpoint <which>', 'the best one, or the newest')
        .choices(['best', 'last'])
        .default('best'),
    )
    .option('--env <path>', "the environment's module, where it registers what the policy is made of")
    .addHelpText(
      'after',
      `
POST /act takes JSON or bytes, GET / says what a state is, and there are /metrics and /healthz; docs/formats.md has them all.
The run's environment is not started. Ctrl-C ends it when the requests in flight are answered. Example:
  $ qfleet serve runs/latest &
  $ curl --json '{"observation": [0, 0, 0.02, 0]}' localhost:8420/act
  {"action":1,"values":[21.4,22.9]}`,
    )
    .action(async (run: string, options: ServeOptions) => {
      const { serve } = await import('../serve.ts');
      await serve(run, options);
    });
}

function port(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 65_535) return value;
  throw new InvalidArgumentError('It must be an integer from 0 to 65535.');
}
