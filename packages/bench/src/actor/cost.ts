/** What some work took. */
export interface Cost {
  readonly transitions: number;
  /** CPU seconds of this process, all its threads together. */
  readonly cpuSeconds: number;
  readonly seconds: number;
}

/** @param work returns the transitions that it did. */
export async function costOf(work: () => Promise<number>): Promise<Cost> {
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  const transitions = await work();
  const { user, system } = process.cpuUsage(cpu);
  return { transitions, cpuSeconds: (user + system) / 1e6, seconds: (performance.now() - start) / 1000 };
}
