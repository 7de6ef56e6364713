import { resolve } from 'node:path';
import {
  checkpointsIn,
  readCheckpoint,
  readText,
  TextRun,
  type TextRunConfig,
  type TextSummary,
} from '@qfleet/single';
import { exitCodes, UsageError } from '../errors.ts';
import { suggest } from '../suggest.ts';
import { print, printJson, shown } from '../terminal/output.ts';
import { claimRun } from '../train/claim.ts';
import { checkTaskOptions, TEXT_TASK, type TextResumeOptions } from './options.ts';
import { runTextSession, TEXT_STOPS } from './session.ts';
import { tokensOf } from './train.ts';

/** `qfleet resume` of a run on text: it goes on from its last checkpoint, with the budget that is given, if one is. */
export async function resumeText(path: string, options: TextResumeOptions): Promise<number> {
  const startedAt = performance.now();
  checkTaskOptions(TEXT_TASK, options);
  const { directory, run, config: before } = TextRun.open(path);
  using claim = await claimRun(directory.path);
  const config: TextRunConfig = {
    ...before,
    ...(options.data === undefined ? {} : { data: resolve(options.data) }),
    maxUpdates: options.maxUpdates ?? before.maxUpdates,
    maxSeconds: options.maxSeconds ?? before.maxSeconds,
  };
  const json = options.json === true;
  const summary = directory.readSummary();
  if (summary !== null && isFinished(summary, config)) {
    await (json
      ? printJson({ ...summary, runDirectory: directory.path })
      : print(describeFinished(summary, shown(directory.path))));
    return exitCodes.done;
  }
  const text = readText(config.data);
  if (text.hash !== config.text)
    throw new UsageError(
      `${config.data} is not the text that ${path} learned until now: name that with --data, or begin another run with --from ${path}.`,
    );
  const last = checkpointsIn(directory.path).at(-1);
  if (last === undefined)
    throw new UsageError(`${path} has no checkpoint, so nothing to go on from: begin another run.`);
  const from = readCheckpoint(last);
  using model = from.model;
  checkMade(from.updates, config, path);
  directory.writeConfig(config);
  directory.keepMetricsUpTo(from.updates);
  // Awaited here: the claim ends with this function.
  return await runTextSession({
    ...{
      directory,
      run,
      config,
      model,
      tokens: tokensOf(model, text),
      from,
      lost: claim.lost,
      json,
      startedAt,
    },
    what: path,
  });
}

/** @throws UsageError where more updates are made than are asked for: the learning rate follows from their number. */
function checkMade(updates: number, { maxUpdates }: TextRunConfig, path: string): void {
  if (maxUpdates === null || updates <= maxUpdates) return;
  throw new UsageError(`${path} has made ${updates} updates, and --max-updates is ${maxUpdates}: give more.`);
}

/** Whether a run has reached what is asked for now. */
function isFinished({ stopReason, updates, trainingSeconds }: TextSummary, config: TextRunConfig): boolean {
  const reached = (value: number, limit: number | null): boolean => limit !== null && value >= limit;
  if (stopReason === 'maxUpdates') return reached(updates, config.maxUpdates);
  return stopReason === 'maxSeconds' && reached(trainingSeconds, config.maxSeconds);
}

function describeFinished({ stopReason, updates, trainingSeconds }: TextSummary, path: string): string {
  const more =
    stopReason === 'maxUpdates'
      ? ['--max-updates', String(2 * updates)]
      : ['--max-seconds', String(Math.ceil(2 * trainingSeconds))];
  return (
    `${path} is finished already (${TEXT_STOPS[stopReason]}), and is left as it is. To go on with it:\n  ` +
    suggest('resume', path, ...more)
  );
}
