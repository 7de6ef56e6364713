import { availableParallelism } from 'node:os';

/**
 * How libtensorflow spreads a graph over cores. Which is fastest depends on the work in an op: handing one to another
 * thread takes about as long as 50,000 multiply-adds.
 * - `caller`: everything on the calling thread, which leaves the other cores free.
 * - `ops`: ops that don't wait for each other run beside each other, each on one thread.
 * - `cores`: the work of an op on all cores. Its sums are cut by the number of threads, so the last bits depend on
 *   that.
 * - `pair`: the work of an op on two threads, on any number of cores: the same bits on each.
 */
export type Parallelism = 'caller' | 'ops' | 'cores' | 'pair';

const THREADS: Readonly<Record<Parallelism, () => Readonly<Record<string, string>>>> = {
  caller: () => ({ TF_NUM_INTRAOP_THREADS: '1', TF_NUM_INTEROP_THREADS: '-1' }),
  ops: () => ({ TF_NUM_INTRAOP_THREADS: '1' }),
  cores: () => ({ TF_NUM_INTRAOP_THREADS: `${availableParallelism()}` }),
  pair: () => ({ TF_NUM_INTRAOP_THREADS: '2' }),
};

/** Sets what libtensorflow reads when it loads; a variable that is already set stays. */
export function setParallelism(parallelism: Parallelism): void {
  // On processors without AVX-512 the library has oneDNN's kernels switched off, though they win there too.
  const variables = { ...THREADS[parallelism](), TF_ENABLE_ONEDNN_OPTS: '1' };
  for (const [name, value] of Object.entries(variables)) process.env[name] ??= value;
}
