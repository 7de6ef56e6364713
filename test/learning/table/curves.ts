import { drawLearningCurves } from '@qfleet/report';
import type { Row } from './markdown.ts';
import { peers } from './peers.ts';

/** The evaluations of every trained line while it trained, a panel a line and a curve a seed, as SVG; null: there are none. */
export function drawCurves(rows: readonly Row[]): Promise<string> | null {
  const trained = rows.filter(({ results }) => results.some(({ curve }) => curve.length > 0));
  if (trained.length === 0) return null;
  return drawLearningCurves(
    trained.map(({ line, results }) => ({
      title: titleOf(results),
      goal: line.goal,
      ...(results[0].data === undefined ? {} : { over: 'updates' }),
      runs: results.map(({ seed, curve }) => ({
        name: `seed ${seed}`,
        points: curve.map(([steps, mean]) => [steps, mean] as const),
      })),
    })),
  );
}

function titleOf([{ preset, method, name, peer }]: Row['results']): string {
  return peer === undefined ? (name ?? method ?? preset) : peers[peer].title.replaceAll('`', '');
}
