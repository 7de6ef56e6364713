import { StorageError } from '@qfleet/report';
import type { EpisodeSummary } from '@qfleet/rollout';
import { DivergenceError, MetricsRecorder, RecentEpisodes, type Trainer } from '@qfleet/training';
import { trainSingle } from '../single.ts';
import { suggest } from '../suggest.ts';
import { integer, returned, shown } from '../terminal/output.ts';
import { type Progress, RateMeter } from './progress.ts';
import type { Session, SessionEnd } from './session.ts';

/** Trains in this process, with the progress and the files that a fleet's run has. */
export async function trainInProcess(session: Session): Promise<SessionEnd> {
  const { directory, display, signal, from } = session;
  await directory.lock();
  try {
    directory.keepMetricsUpTo(from?.updates ?? -1);
    const recorder = new MetricsRecorder(directory, (message) => display.warn(message));
    const recent = new RecentEpisodes(recorder.episodes.episodes);
    const meter = new RateMeter();
    const progressOf = (trainer: Trainer, steps: number): Progress => ({
      seconds: trainer.seconds,
      steps,
      updates: trainer.updates,
      ...meter.add(trainer.seconds, steps, trainer.updates),
      meanReturn: recorder.episodes.meanReturn,
      evaluation: trainer.scores.last?.mean ?? null,
      epsilon: recent.epsilons,
      replayTransitions: trainer.replay.size,
      actors: 1,
    });
    const { trainer, steps, stopReason } = await trainSingle({
      config: directory.config,
      checkpoints: directory.checkpoints,
      from,
      signal,
      warn: (sentence) => display.warnOnce(sentence),
      onProgress: (trainer: Trainer, steps: number, episodes: readonly EpisodeSummary[]) => {
        recent.add(episodes);
        recorder.episodes = recent.figures;
        recorder.tick(trainer);
        display.update(progressOf(trainer, steps));
      },
      onEvaluation: (trainer, result) => recorder.write(trainer, result),
      onUnconfirmed: ({ updates, mean }, { mean: again, returns }) => {
        const { solvedReturn: goal } = directory.config.stop;
        display.say(
          `Update ${integer(updates)} was evaluated at ${returned(mean, goal)}, and at ${returned(again, goal)} on ` +
            `${returns.length} fresh episodes: training goes on.`,
        );
      },
    });
    recorder.write(trainer);
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
  } finally {
    directory.unlock();
  }
}
