import { describe, expect, it } from 'vitest';
import { describeMachine } from '../src/machine.ts';
import { benchDocument, benchTable } from '../src/print.ts';
import type { BenchReport } from '../src/report.ts';
import { benchRow } from '../src/row.ts';

const report: BenchReport = {
  bench: 'replay',
  machine: describeMachine(),
  rows: [
    benchRow('alone', 12_345, 'errors'),
    benchRow('faster', 4, 'µs', 'the peer', 8, -1),
    { ...benchRow('reached', 3, 'MB/s', 'the limit', 4), goal: 0.7 },
    { ...benchRow('missed', 2, 'MB/s', 'the limit', 4), goal: 0.7 },
  ],
};

describe('a report', () => {
  it('is a document whose rows have six fields each', () => {
    const { rows, ...rest } = benchDocument(report);
    expect(rest).toEqual({ bench: 'replay', machine: report.machine });
    for (const row of rows) {
      expect(Object.keys(row)).toEqual(['name', 'value', 'unit', 'reference', 'referenceValue', 'ratio']);
    }
    expect(rows.map(({ ratio }) => ratio)).toEqual([null, 2, 0.75, 0.5]);
  });

  it('is a table that tells which goals are reached', () => {
    const { machine, cells } = benchTable(report);
    expect(machine).toContain(`${report.machine.cores} cores`);
    expect(cells).toEqual([
      ['', 'value', 'unit', 'ratio', 'held against'],
      ['alone', '12,300', 'errors', '', ''],
      ['faster', '4', 'µs', '× 2', 'the peer: 8'],
      ['reached', '3', 'MB/s', '× 0.75 (reaches 0.7)', 'the limit: 4'],
      ['missed', '2', 'MB/s', '× 0.5 (MISSES 0.7)', 'the limit: 4'],
    ]);
  });
});
