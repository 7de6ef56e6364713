export { createFleetMetrics, type FleetMetrics } from './fleet-metrics.ts';
export * from './fleet-state.ts';
export { type RecordKind, type RefusedRecords, recordKinds, refusedTotal } from './records.ts';
export { createServeMetrics, type ServeMetrics } from './serve-metrics.ts';
