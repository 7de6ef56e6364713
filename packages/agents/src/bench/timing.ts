/** A figure of `qfleet bench`, as the report package's `BenchRow` has it. */
export interface BenchRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly reference: string | null;
  readonly referenceValue: number | null;
  readonly ratio: number | null;
}

/** Turns that the contestants take; a figure is the best of its turns, since a disturbance only ever adds. */
const TURNS = 9;

/**
 * Microseconds a call of each contestant. They take turns, so that what else the machine does meets all alike.
 *
 * @param milliseconds of measuring a contestant in all, after a warm-up of as long as a turn.
 */
export function microseconds<Name extends string>(
  contestants: Record<Name, () => void>,
  milliseconds: number,
): Record<Name, number> {
  const best = new Map<string, number>();
  for (let turn = -1; turn < TURNS; turn++) {
    for (const [name, call] of Object.entries<() => void>(contestants)) {
      let calls = 0;
      let elapsed = 0;
      const start = performance.now();
      do {
        call();
        calls++;
        elapsed = performance.now() - start;
      } while (elapsed < milliseconds / TURNS);
      // The turn before the first is the warm-up.
      const before = best.get(name) ?? Number.POSITIVE_INFINITY;
      if (turn >= 0) best.set(name, Math.min(before, (elapsed * 1000) / calls));
    }
  }
  return Object.fromEntries(best) as Record<Name, number>;
}
