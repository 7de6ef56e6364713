import { drawLearningCurves } from '@qfleet/report';
import type { Row } from './markdown.ts';

/** The evaluations of every trained line while it trained, a panel a preset and a line a seed, as SVG. */
export const drawCurves = (rows: readonly Row[]): Promise<string> =>
  drawLearningCurves(
    rows
      .filter(({ results }) => results.some(({ curve }) => curve.length > 0))
      .map(({ line, results }) => ({
        title: results[0].name ?? results[0].preset,
        goal: line.goal,
        ...(results[0].data === undefined ? {} : { over: 'updates' }),
        runs: results.map(({ seed, curve }) => ({ name: `seed ${seed}`, points: curve })),
      })),
  );
