export { type BenchName, type BenchOptions, benchNames, hasPeers } from './benches.ts';
export type { Machine } from './machine.ts';
export { benchDocument, benchTable } from './print.ts';
export { type BenchReport, runBench } from './report.ts';
export type { BenchRow } from './row.ts';
