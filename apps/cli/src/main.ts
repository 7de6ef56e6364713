#!/usr/bin/env node
import { CommanderError } from 'commander';
import { isApart } from './apart/channel.ts';
import { leave, prepareForUserCode } from './apart/user-code.ts';
import { describeError, exitCodes } from './errors.ts';
import { createProgram } from './program.ts';
import { startedByNohup } from './terminal/nohup.ts';
import { printJson } from './terminal/output.ts';
import { prepareStreams } from './terminal/streams.ts';

/** With --json stdout holds one document, whatever happens. */
const wantsJson = process.argv.includes('--json');

prepareStreams();
// Node has undone what nohup did.
if (startedByNohup()) process.on('SIGHUP', () => undefined);
try {
  await prepareForUserCode();
  await createProgram().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Help that was asked for and --version end with 0; commander has printed the rest already.
    process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    if (wantsJson && error.exitCode !== 0) {
      await printJson({ error: error.message.replace(/^error: /, '').replaceAll('\n', ' ') });
    }
  } else {
    const { exitCode, lines } = describeError(error, process.env['QFLEET_LOG_LEVEL'] === 'debug');
    process.stderr.write(lines.map((text) => `error: ${text}\n`).join(''));
    process.exitCode = exitCode;
    // Where it was stdout that failed, all is said already.
    if (wantsJson) await printJson({ error: lines.join(' ') }).catch(() => undefined);
  }
}
if (isApart) await leave(Number(process.exitCode ?? exitCodes.done));
