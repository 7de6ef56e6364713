import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { readLaunch, StorageError } from '@qfleet/report';
import { type MemoryReplay, trainSingle } from '@qfleet/single';
import { DivergenceError } from '@qfleet/training';
import { CommandError } from '../errors.ts';
import { suggest } from '../suggest.ts';
import { integer, returned, shown } from '../terminal/output.ts';
import { keptReplayOf } from './kept-replay.ts';
import { RateMeter } from './progress.ts';
import type { Session, SessionEnd } from './session.ts';

/** Trains in this process, with the progress and the files that a fleet's run has. */
export async function trainInProcess(session: Session): Promise<SessionEnd> {
  const { directory, display, signal, from, offline, dialogues } = session;
  const meter = new RateMeter();
  const { config } = directory;
  const keeps = readLaunch(directory).keepReplay === true;
  try {
    const { stopReason, steps } = await trainSingle(config, {
      directory,
      from,
      signal,
      ...(offline === null ? {} : { offline: offline.replay }),
      ...(dialogues === null ? {} : { dialogues }),
      ...(keeps ? { onReplay: (replay) => keep(replay, session) } : {}),
      onProgress: (progress) => {
        const { seconds, steps, updates } = progress;
        display.update({ ...progress, ...meter.add(seconds, steps, updates), actors: 1 });
      },
      onUnconfirmed: ({ updates, mean }, { mean: again, returns }) => {
        const { solvedReturn: goal } = config.stop;
        display.say(
          `Update ${integer(updates)} was evaluated at ${returned(mean, goal)}, and at ${returned(again, goal)} on ` +
            `${returns.length} fresh episodes: training goes on.`,
        );
      },
      onWarning: (sentence) => display.warn(sentence),
    });
    return { stopReason: stopReason ?? 'interrupted', failure: null, steps, restarts: 0 };
  } catch (error) {
    if (error instanceof StorageError) {
      const again = suggest('resume', shown(directory.path));
      const failure = `${error.message} The run goes on from its last checkpoint with: ${again}`;
      return { stopReason: 'failed', failure, steps: null, restarts: 0 };
    }
    if (error instanceof DivergenceError) {
      return { stopReason: 'failed', failure: error.message, steps: null, restarts: 0 };
    }
    await directory.drawCurve().catch(() => null);
    throw error;
  }
}

/** Keeps what a session played. Where that can't be written, the run is none the worse. */
async function keep({ store, layout }: MemoryReplay, { directory, display, from }: Session): Promise<void> {
  const file = keptReplayOf(directory, from?.updates ?? 0);
  const { environment } = directory.config;
  const replay = { store, layout, environment };
  try {
    const { writeReplay } = await import('../replay/export.ts');
    const { tokenizerOf } = await import('../replay/tokens/tokenizer-of.ts');
    mkdirSync(dirname(file), { recursive: true });
    // What was just played is code that the user runs.
    await writeReplay(replay, file, await tokenizerOf(replay, environment));
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    display.warn(error.message);
  }
}
