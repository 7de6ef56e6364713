import { Counter, Gauge, type Metric, type Registry } from 'prom-client';
import type { FleetState } from './fleet-state.ts';
import { metricDefinitions, redisUpName } from './names.ts';
import { ReturnHistogram } from './return-histogram.ts';

/** The metrics of one run's fleet in a registry of prom-client. */
export interface FleetMetrics {
  /**
   * Sets everything from what was read; series of processes that ended disappear. Null: Redis did not answer, and
   * nothing is known, so nothing but `qfleet_exporter_redis_up 0` is shown. Undefined: Redis knows no such run (yet).
   */
  update(state: FleetState | null | undefined): void;
}

export function createFleetMetrics(registry: Registry, run: string): FleetMetrics {
  const redisUp = new Gauge({
    name: redisUpName,
    help: '1: Redis answered; 0: it did not, and nothing else is known',
    registers: [registry],
    labelNames: ['run'],
  });
  const histogram = new ReturnHistogram(run);
  registry.registerMetric(histogram as unknown as Metric);
  const metrics = metricDefinitions.map(({ name, help, type, labels = [], samples }) => {
    // With a label that is always there, prom-client shows no zero for a series without a sample.
    const settings = { name, help, labelNames: ['run', ...labels], registers: [registry] };
    return { metric: type === 'counter' ? new Counter(settings) : new Gauge(settings), samples };
  });
  return {
    update(state) {
      redisUp.set({ run }, state === null ? 0 : 1);
      histogram.update(state ?? null);
      for (const { metric, samples } of metrics) {
        metric.reset();
        if (!state) continue;
        // A counter begins at 0 after `reset`: with `inc` both kinds take the value.
        for (const { value, labels } of samples(state)) metric.inc({ run, ...labels }, value);
      }
    },
  };
}
