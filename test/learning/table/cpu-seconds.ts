import { readFileSync } from 'node:fs';

/**
 * The CPU time of what `work` starts as child processes and waits for, in seconds, all cores together; null where no such
 * system file is.
 */
export async function withCpuSeconds<T>(work: () => Promise<T>): Promise<[T, number | null]> {
  const before = childrenCpuSeconds();
  const result = await work();
  const after = childrenCpuSeconds();
  return [result, before === null || after === null ? null : after - before];
}

function childrenCpuSeconds(): number | null {
  try {
    // Behind the name, which may hold anything: user and system time of waited-for children, in ticks of 10 ms.
    const fields = readFileSync('/proc/self/stat', 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[13]) + Number(fields[14])) / 100;
  } catch {
    return null;
  }
}
