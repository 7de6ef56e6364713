import type { Sight } from './fleet-watch.ts';

/** The answer of `/healthz`. */
export interface Health {
  readonly ok: boolean;
  /** What is wrong, in a sentence; null: nothing. */
  readonly problem: string | null;
  readonly run: string;
  readonly redis: 'up' | 'down';
  /** Null: not known. */
  readonly phase: string | null;
  readonly learner: 'training' | 'waiting' | 'none' | null;
  readonly actors: number | null;
}

export function healthOf(run: string, sight: Sight): Health {
  if (sight.fleet === null) {
    return {
      ok: false,
      problem: `Redis cannot be read: ${sight.reason}.`,
      run,
      redis: 'down',
      phase: null,
      learner: null,
      actors: null,
    };
  }
  const { fleet } = sight;
  const learner =
    fleet === undefined || fleet.learners.length === 0
      ? 'none'
      : fleet.learners.some(({ training }) => training === 1)
        ? 'training'
        : 'waiting';
  let problem: string | null = null;
  if (fleet === undefined)
    problem = `Redis knows no run ${run}: no learner has created it yet, or it was lost.`;
  else if (fleet.phase === 'failed') problem = 'The run has failed.';
  else if ((fleet.phase === 'starting' || fleet.phase === 'running') && learner === 'none')
    problem = 'No learner is alive.';
  return {
    ok: problem === null,
    problem,
    run,
    redis: 'up',
    phase: fleet?.phase ?? null,
    learner,
    actors: fleet?.actors.length ?? 0,
  };
}
