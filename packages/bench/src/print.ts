import type { BenchReport } from './report.ts';
import type { BenchRow } from './row.ts';

/** A report for programs: the one document of `--json`. A goal is ours to reach, and no part of it. */
export const benchDocument = ({ bench, machine, rows }: BenchReport) => ({
  bench,
  machine,
  rows: rows.map(({ goal, ...row }) => row),
});

/** A report for people: a line on the machine, and a table whose first row names its columns. */
export function benchTable({ machine, rows }: BenchReport): { machine: string; cells: string[][] } {
  const { cpu, cores, memoryBytes, platform, node } = machine;
  return {
    machine: `${cpu}, ${cores} cores, ${(memoryBytes / 2 ** 30).toFixed(0)} GiB, ${platform}, Node ${node}`,
    cells: [['', 'value', 'unit', 'ratio', 'held against'], ...rows.map(cellsOf)],
  };
}

const cellsOf = (row: BenchRow): string[] => [
  row.name,
  figure(row.value),
  row.unit,
  row.ratio === null ? '' : `× ${figure(row.ratio)}${goalOf(row)}`,
  row.reference === null ? '' : `${row.reference}: ${figure(row.referenceValue ?? Number.NaN)}`,
];

const figure = (value: number): string => value.toLocaleString('en', { maximumSignificantDigits: 3 });

/** Whether the goal is reached, where there is one. */
function goalOf({ ratio, goal }: BenchRow): string {
  if (goal === undefined || ratio === null) return '';
  return ratio >= goal ? ` (reaches ${goal})` : ` (MISSES ${goal})`;
}
