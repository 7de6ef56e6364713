import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export const main = fileURLToPath(new URL('../../apps/cli/dist/main.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  readonly output: { stdout: string; stderr: string };
  readonly ended: Promise<Ended>;
}

export interface Options {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the command line as a real process; it is killed at the test's end if it still runs. */
export function start(args: readonly string[], options: Options = {}): Started {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: options.cwd,
    env: { ...process.env, QFLEET_LOG_LEVEL: 'warn', ...options.env },
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...output }));
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, output, ended };
}

/** Runs the command line to its end. */
export const qfleet = (args: readonly string[], options?: Options): Promise<Ended> =>
  start(args, options).ended;

/** An empty directory for the length of a test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'qfleet-cli-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Waits until `condition` holds. @throws after a minute, or when the process has ended first: with what it printed. */
export async function until(
  { child, output }: Started,
  condition: () => boolean,
  what: string,
): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!condition()) {
    if (Date.now() > deadline || child.exitCode !== null) {
      throw new Error(`Waited in vain until ${what}.\n${output.stdout}\n${output.stderr}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A module of a user's environment whose rewards are finite, and their squares are not. */
export const hugeRewards = `
import { box, defineEnvironment, discrete } from '@qfleet/envs';
export default defineEnvironment({
  id: 'Huge-v0',
  observationSpace: box({ low: 0, high: 1, shape: [2] }),
  actionSpace: discrete(2),
  maxEpisodeSteps: 20,
  create: (random) => {
    let steps = 0;
    return {
      reset: () => [random.uniform(), 0],
      step: (action) => ({ observation: [random.uniform(), action], reward: ++steps > 400 ? 1e25 : 1, terminated: false }),
    };
  },
});
`;

/** Settings under which a learner's parameters soon are not finite there, after a few checkpoints. */
export const diverging = [
  'agent.loss=mse',
  'agent.gradientClip=null',
  'agent.batchSize=16',
  'replay.minSize=100',
  'fleet.slots=4',
  'fleet.actors=1',
  'learner.checkpointEvery=8',
  'evaluation.every=8',
  'evaluation.episodes=1',
].flatMap((setting) => ['--set', setting]);

/** A module of a user's environment that fails in its seventh step. */
export const nanAtStep7 = `
import { box, defineEnvironment, discrete } from '@qfleet/envs';
export default defineEnvironment({
  id: 'Nan-v0',
  observationSpace: box({ low: -1, high: 1, shape: [1] }),
  actionSpace: discrete(2),
  create: () => {
    let t = 0;
    return {
      reset: () => (t = 0),
      step: () => ({ observation: ++t === 7 ? Number.NaN : 0, reward: 0, terminated: false }),
    };
  },
});
`;
