import { type BenchRow, benchRow } from '../row.ts';

/** What a measurement took. */
export interface Cost {
  readonly transitions: number;
  readonly bytes: number;
  readonly milliseconds: number;
  /** CPU time of all threads of this process, and of the Redis server where one took part. */
  readonly cpuMilliseconds: number;
}

/** A rate as a cost says it. */
export interface Speed {
  readonly transitionsPerSecond: number;
  readonly megabytesPerSecond: number;
  readonly cpuMicroseconds: number;
}

/** What a figure is held against; of a recorded peer only the rate is known. */
export interface Reference extends Partial<Speed> {
  readonly name: string;
  readonly transitionsPerSecond: number;
}

/** Measures what `work` takes; it returns the transitions it moved, each of `bytesEach`. */
export async function measure(work: () => Promise<number>, bytesEach: number): Promise<Cost> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const transitions = await work();
  const milliseconds = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return {
    transitions,
    bytes: transitions * bytesEach,
    milliseconds,
    cpuMilliseconds: (user + system) / 1000,
  };
}

/**
 * The best of several turns, as Python's timeit takes it: other work on the machine only makes a turn slower. Each
 * figure is that of its own best turn. It goes beside a peer, whose figure is its best too.
 */
export const best = (costs: readonly Cost[]): Speed => speedOf(costs, (rates) => Math.max(...rates));

/** The middle one of several turns: of two things that take turns, a lucky turn of one says nothing of the other. */
export const middle = (costs: readonly Cost[]): Speed =>
  speedOf(costs, (rates) => rates.sort((a, b) => a - b)[rates.length >> 1]);

/** @param choose one of each turn's rates: more is better. */
function speedOf(costs: readonly Cost[], choose: (rates: number[]) => number): Speed {
  const of = (rate: (cost: Cost) => number) => choose(costs.map(rate));
  return {
    transitionsPerSecond: of((cost) => (cost.transitions / cost.milliseconds) * 1000),
    megabytesPerSecond: of((cost) => cost.bytes / cost.milliseconds / 1000),
    cpuMicroseconds: 1000 / of((cost) => cost.transitions / cost.cpuMilliseconds),
  };
}

/** A speed as rows: transitions and megabytes a second, CPU time a transition. The goal is one of the rate. */
export function rowsOf(name: string, speed: Speed, reference: Reference | null, goal?: number): BenchRow[] {
  return [
    rateRow(name, speed, reference, goal),
    benchRow(name, speed.megabytesPerSecond, 'MB/s', reference?.name, reference?.megabytesPerSecond),
    benchRow(
      name,
      speed.cpuMicroseconds,
      'µs CPU/transition',
      reference?.name,
      reference?.cpuMicroseconds,
      -1,
    ),
  ];
}

/** Its transitions a second alone. */
export function rateRow(name: string, speed: Speed, reference: Reference | null, goal?: number): BenchRow {
  const { transitionsPerSecond: rate } = speed;
  const rateThere = reference?.transitionsPerSecond;
  return {
    ...benchRow(name, rate, 'transitions/s', reference?.name, rateThere),
    ...(goal && rateThere ? { goal } : {}),
  };
}
