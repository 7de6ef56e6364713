import {
  fractionAbove,
  type Interval,
  independentBootstrap,
  interquartileMean,
  meanOf,
  optimalityGap,
  probabilityOfImprovement,
  stratifiedBootstrap,
} from '@qfleet/report';
import { bootstrapStream } from './bootstrap-stream.ts';
import { type CurvePoint, curveOf } from './curves.ts';
import type { Group } from './groups.ts';
import { goalOf, taskName } from './same-task.ts';

/** A statistic and its 95 % interval; null: it is of a single run. */
interface Estimate {
  readonly value: number;
  readonly interval: Interval | null;
}

/** What is said of a group of runs. */
export interface ComparedGroup {
  readonly name: string;
  readonly runs: readonly {
    readonly path: string;
    readonly run: string;
    readonly seed: number;
    /** The mean return of its final evaluation. */
    readonly score: number;
    /** Episodes of that evaluation. */
    readonly episodes: number;
    readonly envSteps: number;
    readonly updates: number;
    readonly trainingSeconds: number;
  }[];
  readonly mean: number;
  readonly iqm: Estimate;
  /** In units of return; null: nothing counts as solved. */
  readonly optimalityGap: Estimate | null;
  /** Fractions of runs that score above each of the comparison's thresholds. */
  readonly profile: readonly Estimate[];
  readonly curve: readonly CurvePoint[];
}

/** What `qfleet compare` says, as `--json` prints it. */
export interface Comparison {
  readonly environment: string;
  /** The return that counts as solved; null: none does. */
  readonly goal: number | null;
  readonly groups: readonly ComparedGroup[];
  /** The chance that a run of a group scores higher than a run of another: for each two groups, once. */
  readonly improvements: readonly ({ readonly group: string; readonly over: string } & Estimate)[];
  /** The returns for which performance profiles are given. */
  readonly thresholds: readonly number[];
}

const THRESHOLDS = 101;

/** Compares groups of runs of one task. */
export function compareGroups(groups: readonly [Group, ...Group[]]): Comparison {
  const runs = groups.flatMap(({ runs }) => runs);
  const goal = goalOf(runs);
  const thresholds = thresholdsOver(runs.map(({ score }) => score));
  return {
    environment: taskName(runs[0].config),
    goal,
    groups: groups.map((group) => describeGroup(group, goal, thresholds)),
    improvements: groups.flatMap((group, i) => groups.slice(i + 1).map((over) => improvement(group, over))),
    thresholds,
  };
}

const scoresOf = ({ runs }: Group): number[] => runs.map(({ score }) => score);

function describeGroup(group: Group, goal: number | null, thresholds: readonly number[]): ComparedGroup {
  const scores = scoresOf(group);
  return {
    name: group.name,
    runs: group.runs.map(({ path, summary, score }) => ({
      ...{ path, run: summary.run, seed: summary.seed, score },
      episodes: summary.evaluation?.episodes ?? 0,
      ...{ envSteps: summary.envSteps, updates: summary.updates },
      trainingSeconds: summary.trainingSeconds,
    })),
    mean: meanOf(scores),
    iqm: estimate(scores, interquartileMean),
    optimalityGap: goal === null ? null : estimate(scores, (values) => optimalityGap(values, goal)),
    profile: thresholds.map((threshold) => estimate(scores, (values) => fractionAbove(values, threshold))),
    curve: curveOf(group.runs.map(({ rows }) => rows)),
  };
}

function estimate(scores: readonly number[], statistic: (values: readonly number[]) => number): Estimate {
  const isSingle = scores.length < 2;
  const interval = isSingle ? null : stratifiedBootstrap([scores], statistic, { uniform: bootstrapStream() });
  return { value: statistic(scores), interval };
}

function improvement(group: Group, over: Group): Comparison['improvements'][number] {
  const [these, others] = [scoresOf(group), scoresOf(over)];
  const hasInterval = these.length > 1 && others.length > 1;
  return {
    ...{ group: group.name, over: over.name },
    value: probabilityOfImprovement(these, others),
    interval: hasInterval
      ? independentBootstrap(these, others, probabilityOfImprovement, { uniform: bootstrapStream() })
      : null,
  };
}

/** Returns evenly from the lowest score to the highest, with some room on both sides. */
function thresholdsOver(scores: readonly number[]): number[] {
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  const room = (high - low) / 20 || 1;
  return Array.from(
    { length: THRESHOLDS },
    (_, i) => low - room + (i / (THRESHOLDS - 1)) * (high - low + 2 * room),
  );
}
