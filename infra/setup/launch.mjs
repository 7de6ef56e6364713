// Hands over to the command that set-up was for: its streams, its signals, its exit code.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { signalRunning } from './progress.mjs';

/** @type {NodeJS.Signals[]} */
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** One Ctrl-C comes here twice, from the terminal and from npm; a second one by hand comes later than this. */
const SAME_SIGNAL_MS = 1000;

/** @param {NodeJS.Signals} signal
 * @returns {number} the exit code that shells give to a process which that signal ended */
export function signalExitCode(signal) {
  return 128 + constants.signals[signal];
}

/** Until the returned function is called, a signal ends the tools that run, and this process after them.
 * @returns {() => void} */
export function stopOnSignal() {
  const stop = (/** @type {NodeJS.Signals} */ signal) => {
    signalRunning(signal);
    process.exit(signalExitCode(signal));
  };
  for (const signal of FORWARDED) process.on(signal, stop);
  return () => {
    for (const signal of FORWARDED) process.off(signal, stop);
  };
}

/** Runs a program in the foreground. This process stays until it has ended, whatever signal comes.
 * @param {string} command
 * @param {string[]} args
 * @param {{cwd?: string, env: NodeJS.ProcessEnv}} options
 * @returns {Promise<number>} its exit code */
export function launch(command, args, { cwd, env }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: 'inherit' });
    let lastSignal = '';
    let lastTime = 0;
    const forward = (/** @type {NodeJS.Signals} */ signal) => {
      const now = Date.now();
      if (signal === lastSignal && now - lastTime < SAME_SIGNAL_MS) return;
      lastSignal = signal;
      lastTime = now;
      child.kill(signal);
    };
    for (const signal of FORWARDED) process.on(signal, forward);
    const settle = () => {
      for (const signal of FORWARDED) process.off(signal, forward);
    };
    child.on('error', (error) => {
      settle();
      reject(error);
    });
    child.on('close', (code, signal) => {
      settle();
      resolve(signal === null ? (code ?? 1) : signalExitCode(signal));
    });
  });
}
