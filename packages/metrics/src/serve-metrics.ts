import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What a server of a policy tells. */
export interface ServeMetrics {
  /** A request was answered with this HTTP status. */
  answered(status: number): void;
  /** So many states were acted on in so many seconds. */
  acted(states: number, seconds: number): void;
}

/** The metrics of `qfleet serve` in a registry. @param sessions how many episodes are remembered. */
export function createServeMetrics(registry: Registry, sessions: () => number): ServeMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: 'qfleet_serve_requests_total',
    help: 'Requests that were answered, by HTTP status',
    labelNames: ['status'],
    registers,
  });
  const states = new Counter({
    name: 'qfleet_serve_states_total',
    help: 'States that were acted on',
    registers,
  });
  const seconds = new Histogram({
    name: 'qfleet_serve_act_seconds',
    help: 'Seconds that a request to act took to compute',
    buckets: [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1],
    registers,
  });
  new Gauge({
    name: 'qfleet_serve_sessions',
    help: 'Episodes that are remembered between requests',
    registers,
    collect() {
      this.set(sessions());
    },
  });
  return {
    answered: (status) => requests.inc({ status }),
    acted: (count, took) => {
      states.inc(count);
      seconds.observe(took);
    },
  };
}
