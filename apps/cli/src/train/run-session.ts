import { learnsFromRecorded, speaks } from '@qfleet/config';
import type { TextEpisode } from '@qfleet/envs';
import { type Launch, type RunDirectory, StorageError } from '@qfleet/report';
import { goalOf, latestCheckpoint, summarize } from '@qfleet/training';
import { CommandError, exitCodes } from '../errors.ts';
import type { OfflineExperience } from '../offline/experience.ts';
import { provideTensorFlow } from '../set-up.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { print, printJson, shown, style } from '../terminal/output.ts';
import { decodingTable } from '../text/decoding-table.ts';
import { version } from '../version.ts';
import { endedBeforeLearning } from './budget.ts';
import { Display } from './display.ts';
import { describeResult } from './result.ts';
import { slowLearnerNote } from './runtime.ts';

export interface SessionOptions {
  readonly mode: Launch['mode'];
  /** A fleet's Redis; null: one of the run's own. */
  readonly redis: string | null;
  readonly resume: boolean;
  /** What an offline run learns from; null: it plays. */
  readonly offline: OfflineExperience | null;
  /** The recorded dialogues that were given; null: none. */
  readonly dialogues: readonly TextEpisode[] | null;
  readonly json: boolean;
}

/**
 * Trains until the run's goal, its budget or Ctrl-C; then writes the summary and says what came of it.
 *
 * @param lost aborted where another command took the directory over.
 * @throws its reason then.
 */
export async function runSession(
  directory: RunDirectory,
  lost: AbortSignal,
  options: SessionOptions,
): Promise<number> {
  const startedAt = performance.now();
  const shownPath = shown(directory.path);
  const { offline, dialogues } = options;
  const isOffline = offline !== null || learnsFromRecorded(directory.config);
  const display = new Display(directory.config, { json: options.json, offline: isOffline });
  const interrupt = new Interrupt(() =>
    display.say('Ending: the fleet drains and takes a checkpoint. Ctrl-C again ends it at once.'),
  );
  const { killed } = interrupt;
  const signal = AbortSignal.any([interrupt.signal, lost]);
  const { environment, seed, fleet } = directory.config;
  const how = isOffline
    ? 'offline'
    : options.mode === 'single'
      ? 'in this process'
      : `with ${fleet.actors} actors`;
  display.say(
    `${options.resume ? 'Resuming' : 'Training'} ${style('bold', environment.id)}, seed ${seed}, ${how}. Run directory: ${shownPath}`,
  );
  try {
    if (directory.config.agent.kind !== 'tabular') await provideTensorFlow();
    const slow = await slowLearnerNote(directory.config);
    if (slow !== null) display.warn(slow);
    const from = await latestCheckpoint(directory.checkpoints, ({ message }) =>
      display.warn(`${message} It is passed over.`),
    );
    const session = { directory, display, signal, killed, resume: options.resume, from, offline, dialogues };
    const end =
      options.mode === 'single'
        ? await (await import('./single-session.ts')).trainInProcess(session)
        : await (await import('./fleet.ts')).trainFleet(session, options.redis);
    display.close();
    lost.throwIfAborted();
    const wallSeconds = (performance.now() - startedAt) / 1000;
    const summary = await summarize(
      directory,
      { ...end, wallSeconds, offline: offline?.recorded },
      version,
    ).catch((error: Error) => {
      // What ended the run is reported, and not that the report can't be written either.
      throw end.failure !== null && error instanceof StorageError ? new CommandError(end.failure) : error;
    });
    const failure = end.failure ?? endedBeforeLearning(summary, directory.config, shownPath);
    if (options.json) await printJson({ ...summary, runDirectory: directory.path });
    else if (failure === null) {
      const isOver = summary.stopReason !== 'interrupted';
      const { config } = directory;
      const decodings = isOver && speaks(config) ? await decodingTable(directory, config) : null;
      if (decodings !== null) await print(`${decodings}\n`);
      await print(describeResult(summary, directory, shownPath, await goalOf(config)));
    }
    if (failure !== null) process.stderr.write(`error: ${failure}\n`);
    return failure === null ? exitCodes.done : exitCodes.failed;
  } finally {
    interrupt.stop();
    display.close();
  }
}
