import { availableParallelism, cpus } from 'node:os';

/** Processors that nobody used since it was made, as a fraction of time: 0.7 of one, 3.2 of eight. */
export class FreeCores {
  readonly #start = times();

  /** Never more than this process may use beside the one that it runs on. */
  count(): number {
    const now = times();
    const total = now.total - this.#start.total;
    const idle = total > 0 ? (now.idle - this.#start.idle) / total : 0;
    return Math.min(availableParallelism() - 1, idle * now.cores);
  }
}

function times(): { cores: number; idle: number; total: number } {
  const all = cpus();
  let idle = 0;
  let total = 0;
  for (const { times } of all) {
    idle += times.idle;
    total += times.idle + times.user + times.nice + times.sys + times.irq;
  }
  return { cores: all.length, idle, total };
}
