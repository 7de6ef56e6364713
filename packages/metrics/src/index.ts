export { createFleetMetrics, type FleetMetrics } from './fleet-metrics.ts';
export * from './fleet-state.ts';
