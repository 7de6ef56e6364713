import { type RecordKind, type RefusedRecords, recordKinds, refusedTotal } from '@qfleet/metrics';
import type { Logger } from '../logger.ts';

/** How often a kind is named in the log at most: whoever forges one record may forge thousands. */
const LOG_EVERY_MS = 60_000;
/** Characters of foreign text that a sentence quotes. */
const QUOTED = 200;

interface Tally {
  count: number;
  /** Refused since the last line in the log. */
  unsaid: number;
  saidAt: number;
}

/** This process's refusals by kind. A process has one count, as it has one log and one heartbeat. */
const tallies = new Map<RecordKind, Tally>();
let log: Logger | null = null;

/** Has refusals from now on named in this log, a line a kind and minute. */
export function reportRefusals(to: Logger): void {
  log = to;
}

/**
 * Counts a record that was read from Redis and is not what it must be, and names it.
 * @param why completes "A … record in Redis is refused:", without a full stop.
 */
export function refuse(kind: RecordKind, why: string): void {
  const tally = tallies.get(kind) ?? { count: 0, unsaid: 0, saidAt: Number.NEGATIVE_INFINITY };
  tallies.set(kind, tally);
  tally.count++;
  const now = performance.now();
  if (log === null || now - tally.saidAt < LOG_EVERY_MS) {
    tally.unsaid++;
    return;
  }
  const others = tally.unsaid > 0 ? ` (${tally.unsaid} more since the last such line)` : '';
  log.warn(`Refused, kind of record "${kind}" in Redis: ${printable(why)}${others}.`);
  tally.saidAt = now;
  tally.unsaid = 0;
}

/** What this process has refused since its start, as counters of its heartbeat. */
export function refusedRecords(): Partial<RefusedRecords> {
  return Object.fromEntries(
    recordKinds.flatMap((kind) => {
      const { count = 0 } = tallies.get(kind) ?? {};
      return count > 0 ? [[refusedTotal(kind), count]] : [];
    }),
  );
}

/** Foreign text as it may stand in a log or on a terminal: on one line, without control characters, cut. */
export function printable(text: string, most = QUOTED): string {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text;
  return cut.replaceAll(/[\p{C}\s]+/gu, ' ');
}
