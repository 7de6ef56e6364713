#!/usr/bin/env node
import { CommanderError } from 'commander';
import { describeError, exitCodes } from './errors.ts';
import { createProgram } from './program.ts';

try {
  await createProgram().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Help that was asked for and --version end with 0; commander has printed the rest already.
    process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  } else {
    const { exitCode, text } = describeError(error, process.env['QFLEET_LOG_LEVEL'] === 'debug');
    process.stderr.write(`${text}\n`);
    process.exitCode = exitCode;
  }
}
