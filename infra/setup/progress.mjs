// What set-up tells: one line for each thing it does, on stderr (stdout belongs to the command), and the
// details in a log file that is named when something fails.
import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** A failure of set-up: its message is all the user gets to see, so it says what to do. */
export class SetupError extends Error {}

/** Steps faster than this pass without a line: there was nothing to do. */
const QUIET_MS = 700;
const KEPT_LOGS = 20;

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

/** What a failed tool says of the failure: its first error line and the two after it, else its last line.
 * @param {string} output */
export function tellingLines(output) {
  const lines = output.split('\n').map((line) => line.replace(/^[\s×╰─▶│]+/, '').trim());
  const told = lines.filter((line) => line !== '' && !line.startsWith('npm notice'));
  const first = told.findIndex((line) => /\b(error|fatal)\b|ERR_/i.test(line));
  return (first < 0 ? told.slice(-1) : told.slice(first, first + 3)).join(' ') || 'no output';
}

export class Progress {
  /** @param {string} logFolder where the log goes; made only when there is something to log */
  constructor(logFolder) {
    this.logFolder = logFolder;
    const when = new Date().toISOString().replace(/[:.]/g, '-');
    this.logPath = join(logFolder, `${when}-${process.pid}.log`);
    this.logging = false;
  }

  /** @param {string} text */
  log(text) {
    if (!this.logging) {
      mkdirSync(this.logFolder, { recursive: true });
      const old = readdirSync(this.logFolder).filter((name) => name.endsWith('.log'));
      for (const name of old.sort().slice(0, -KEPT_LOGS)) rmSync(join(this.logFolder, name), { force: true });
      this.logging = true;
    }
    appendFileSync(this.logPath, text);
  }

  /** @param {string} line */
  say(line) {
    process.stderr.write(`set-up: ${line}\n`);
  }

  /** Does one step; shows its line, with the time it took, unless it was quick.
   * @template T
   * @param {string} title
   * @param {() => T | Promise<T>} work
   * @returns {Promise<T>} */
  async step(title, work) {
    const began = Date.now();
    let shown = false;
    const timer = setTimeout(() => {
      shown = true;
      process.stderr.write(`set-up: ${title} … `);
    }, QUIET_MS);
    const finish = (/** @type {string} */ word) => {
      clearTimeout(timer);
      if (shown) process.stderr.write(`${word}${((Date.now() - began) / 1000).toFixed(1)} s\n`);
    };
    try {
      const result = await work();
      finish('');
      return result;
    } catch (error) {
      finish('failed after ');
      throw error;
    }
  }

  /** Runs a tool with its output in the log, and returns what it wrote to stdout.
   * @param {string} command
   * @param {string[]} args
   * @param {{cwd: string, env: NodeJS.ProcessEnv, failure: string}} options `failure`: the sentence to fail
   *   with; the tool's own first error line and the log's path are added
   * @returns {Promise<string>} */
  async run(command, args, { cwd, env, failure }) {
    this.log(`\n$ ${[command, ...args].join(' ')}\n`);
    const { code, stdout, output } = await capture(command, args, { cwd, env });
    this.log(output);
    if (code === 0) return stdout;
    throw new SetupError(`${failure} (${tellingLines(output)}). Details: ${this.logPath}`);
  }
}

/** Runs a program to its end and collects what it writes; a program that can't be started counts as exit 127.
 * @param {string} command
 * @param {string[]} args
 * @param {{cwd: string, env: NodeJS.ProcessEnv}} options
 * @returns {Promise<{code: number, stdout: string, output: string}>} `output`: stdout and stderr as they came */
export function capture(command, args, { cwd, env }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    let stdout = '';
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    child.on('error', (error) => {
      running.delete(child);
      resolve({ code: 127, stdout, output: `${output}${error.message}\n` });
    });
    child.on('close', (code, signal) => {
      running.delete(child);
      if (signal !== null) output += `ended by ${signal}\n`;
      resolve({ code: code ?? 1, stdout, output });
    });
  });
}

/** Passes a signal on to every tool that runs at this moment.
 * @param {NodeJS.Signals} signal */
export function signalRunning(signal) {
  for (const child of running) child.kill(signal);
}
