/** The kinds of records that processes read from Redis; what is wrong in one is refused, counted and never used. */
export const recordKinds = [
  'run',
  'heartbeat',
  'totals',
  'returns',
  'episodes',
  'evaluation',
  'queue',
  'replay',
  'fence',
] as const;
export type RecordKind = (typeof recordKinds)[number];

/** Records refused, by kind, as totals of the fleet. */
export type RefusedRecords = { [K in RecordKind as `recordsRefused${Capitalize<K>}`]: number };

/** The name of the total that counts the refused records of a kind. */
export const refusedTotal = (kind: RecordKind): keyof RefusedRecords =>
  `recordsRefused${kind[0].toUpperCase()}${kind.slice(1)}` as keyof RefusedRecords;
