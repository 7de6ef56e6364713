/**
 * Milliseconds before the next try: doubling from `first` to `most`, less a random part of up to half, so that
 * processes that failed together do not come back together.
 * @param tries how many failed, from 1.
 */
export function backoff(tries: number, first = 50, most = 2_000): number {
  return Math.min(most, first * 2 ** Math.min(tries - 1, 30)) * (0.5 + Math.random() / 2);
}
