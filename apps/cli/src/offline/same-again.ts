import type { Recorded } from '@qfleet/report';
import { UsageError } from '../errors.ts';
import { shown } from '../terminal/output.ts';

/** @throws UsageError where what a run goes on with is not what it began with. */
export function checkSameAgain(before: Recorded['sources'], now: Recorded['sources']): void {
  if (before.length !== now.length) {
    throw new UsageError(
      `The run learns from ${before.length} files, not ${now.length}: name all of them, in their order.`,
    );
  }
  before.forEach(({ path, fingerprint }, i) => {
    if (now[i].fingerprint === fingerprint) return;
    const from = now[i].path === path ? '' : ` than ${shown(path)} had`;
    throw new UsageError(
      `${shown(now[i].path)} holds other transitions${from || ' than when the run began'}: put back what the run learned ` +
        'from, or start a new run.',
    );
  });
}
