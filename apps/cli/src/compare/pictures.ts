import { drawBands } from '@qfleet/report';
import type { Comparison } from './comparison.ts';

/** The learning curves of the groups, as SVG. */
export const drawCurves = ({ environment, goal, groups }: Comparison): Promise<string> =>
  drawBands(
    groups.map(({ name, curve }) => ({
      name,
      points: curve.map(({ steps, value, interval }) => ({ x: steps, y: value, interval })),
    })),
    {
      title: environment,
      subtitle: [
        'training: interquartile mean of runs, and its 95 % interval',
        'a run that has ended keeps its last return',
      ],
      ...{ x: 'environment steps', y: 'return of an episode' },
      goal: goal === null ? null : { axis: 'y', at: goal },
    },
  );

/** The performance profiles of the groups, as SVG. */
export const drawProfiles = ({ environment, goal, groups, thresholds }: Comparison): Promise<string> =>
  drawBands(
    groups.map(({ name, profile }) => ({
      name,
      points: profile.map(({ value, interval }, i) => ({ x: thresholds[i], y: value, interval })),
    })),
    {
      title: environment,
      subtitle: ['final evaluation: fraction of runs, and its 95 % interval'],
      ...{ x: 'return τ', y: 'fraction of runs above τ' },
      goal: goal === null ? null : { axis: 'x', at: goal },
    },
  );
