import { StorageError } from '@qfleet/report';
import { trainSingle } from '@qfleet/single';
import { DivergenceError } from '@qfleet/training';
import { suggest } from '../suggest.ts';
import { integer, returned, shown } from '../terminal/output.ts';
import { RateMeter } from './progress.ts';
import type { Session, SessionEnd } from './session.ts';

/** Trains in this process, with the progress and the files that a fleet's run has. */
export async function trainInProcess({ directory, display, signal, from }: Session): Promise<SessionEnd> {
  const meter = new RateMeter();
  const { config } = directory;
  try {
    const { stopReason, steps } = await trainSingle(config, {
      directory,
      from,
      signal,
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
