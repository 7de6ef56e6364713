import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type MetricsRow, RunDirectory, type RunSummary } from '@qfleet/report';
import type { RunHooks } from './run.ts';
import { RunError } from './run-error.ts';

/** Milliseconds between two looks at what a fleet has written. */
const LOOK_MS = 200;
/** Characters of the command's last words that are kept. */
const LAST_WORDS = 4_096;

/**
 * Has the command train, whose processes are a fleet on this machine, and reads from the run's directory how it does.
 *
 * @param args of the command, `train` or `resume`; `--json` is added.
 * @throws RunError with what the command says, where the run fails.
 */
export async function trainAsFleet(
  args: readonly string[],
  runDirectory: string,
  hooks: RunHooks,
): Promise<RunSummary> {
  const command = fileURLToPath(import.meta.resolve('#command'));
  const child = spawn(process.execPath, [command, ...args, '--json'], {
    // When this process ends, the channel closes, and the command ends its fleet in order.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, QFLEET_LOG_LEVEL: process.env['QFLEET_LOG_LEVEL'] ?? 'warn' },
    detached: true,
  });
  const output = { stdout: '', stderr: '' };
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    output.stderr = (output.stderr + text).slice(-LAST_WORDS);
    const { onWarning } = hooks;
    if (onWarning) for (const line of text.trim().split('\n')) onWarning(line);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const interrupt = (): void => void child.kill('SIGINT');
  hooks.signal?.addEventListener('abort', interrupt, { once: true });
  if (hooks.signal?.aborted) interrupt();
  const isOver = new AbortController();
  const following = follow(runDirectory, hooks, isOver.signal);
  try {
    const code = await ended;
    if (code !== 0) throw new RunError(lastSentence(output));
  } finally {
    isOver.abort();
    hooks.signal?.removeEventListener('abort', interrupt);
    await following;
  }
  return RunDirectory.open(runDirectory).readSummary()!;
}

/** Tells hooks of what comes to a run's metrics, until the signal and once more after it. */
async function follow(path: string, hooks: RunHooks, isOver: AbortSignal): Promise<void> {
  const { onProgress, onEvaluation } = hooks;
  if (onProgress === undefined && onEvaluation === undefined) return;
  let seen = existsSync(join(path, 'run.json')) ? RunDirectory.open(path).readMetrics().length : 0;
  for (let isLast = false; !isLast; ) {
    isLast = isOver.aborted;
    // The directory comes a moment after the command.
    const rows: readonly MetricsRow[] = existsSync(join(path, 'run.json'))
      ? RunDirectory.open(path).readMetrics()
      : [];
    for (const { time: seconds, steps, updates, meanReturn, evaluation } of rows.slice(seen)) {
      onProgress?.({ seconds, steps, updates, meanReturn });
      if (evaluation)
        onEvaluation?.({ updates: evaluation.updates, mean: evaluation.mean, std: evaluation.std });
    }
    seen = Math.max(seen, rows.length);
    if (!isLast) await sleep(LOOK_MS, undefined, { signal: isOver }).catch(() => undefined);
  }
}

/** What the command said last, of what went wrong. */
function lastSentence({ stdout, stderr }: { stdout: string; stderr: string }): string {
  const errors = stderr.split('\n').filter((line) => line.startsWith('error: '));
  return (
    errors.at(-1)?.slice('error: '.length) ??
    (stderr.trim().split('\n').at(-1) || stdout.trim() || 'The command failed.')
  );
}
