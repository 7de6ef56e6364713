/** A figure of `qfleet bench`, as the report package's `BenchRow` has it. */
export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly reference: string | null;
  readonly referenceValue: number | null;
  readonly ratio: number | null;
}

/** What a measurement took. */
export interface Cost {
  readonly transitions: number;
  readonly bytes: number;
  readonly milliseconds: number;
  /** Of all threads of this process, and of the Redis server where one took part. */
  readonly cpuMilliseconds: number;
}

/** What a figure is held against; of a recorded peer only the rate is known. */
export interface Reference {
  readonly name: string;
  readonly transitionsPerSecond: number;
  readonly cpuMicroseconds?: number;
}

/** The reference that a cost is, when it is that of a limit. */
export const asReference = (name: string, cost: Cost): Reference => ({
  name,
  transitionsPerSecond: rateOf(cost),
  cpuMicroseconds: cpuOf(cost),
});

const rateOf = ({ transitions, milliseconds }: Cost): number => (transitions / milliseconds) * 1000;
const cpuOf = ({ transitions, cpuMilliseconds }: Cost): number => (cpuMilliseconds / transitions) * 1000;

/** Measures what `work` takes; it returns the transitions it moved. */
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

/** A cost as rows: transitions and megabytes a second, CPU time a transition. */
export function rowsOf(name: string, cost: Cost, reference: Reference | null): Row[] {
  const rate = rateOf(cost);
  const cpu = cpuOf(cost);
  const bytesEach = cost.bytes / cost.transitions / 1e6;
  const peer = reference?.name ?? null;
  const peerRate = reference?.transitionsPerSecond ?? null;
  const peerCpu = reference?.cpuMicroseconds ?? null;
  const ratio = peerRate === null ? null : rate / peerRate;
  return [
    { name, value: rate, unit: 'transitions/s', reference: peer, referenceValue: peerRate, ratio },
    {
      name,
      value: rate * bytesEach,
      unit: 'MB/s',
      reference: peer,
      referenceValue: peerRate === null ? null : peerRate * bytesEach,
      ratio,
    },
    {
      name,
      value: cpu,
      unit: 'µs CPU/transition',
      reference: peerCpu === null ? null : peer,
      referenceValue: peerCpu,
      ratio: peerCpu === null ? null : peerCpu / cpu,
    },
  ];
}
