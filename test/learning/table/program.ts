import { spawn } from 'node:child_process';

/**
 * Runs a program to its end; what it says on stderr goes to this process's.
 * @returns what it printed on stdout.
 * @throws Error where it ends otherwise than with 0.
 */
export function runProgram(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0
        ? resolve(printed)
        : reject(new Error(`${[program, ...args].join(' ')} ended with exit code ${code}.`)),
    );
  });
}
