import { type FleetState, returnBounds } from './fleet-state.ts';
import { returnHistogramName } from './names.ts';

/**
 * The histogram of training returns. Its buckets are counted on Redis, by all actors; prom-client's own Histogram can
 * only observe values one by one, so this gives the registry what it asks of any metric.
 */
export class ReturnHistogram {
  readonly name = returnHistogramName;
  readonly help = 'Returns of training episodes';
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  readonly #run: string;
  #values: { metricName: string; labels: Record<string, string>; value: number }[] = [];

  constructor(run: string) {
    this.#run = run;
  }

  update(state: FleetState | null): void {
    this.#values = [];
    if (state === null) return;
    let cumulated = 0;
    const add = (suffix: string, value: number, labels: Record<string, string> = {}) =>
      this.#values.push({
        metricName: `${this.name}_${suffix}`,
        labels: { run: this.#run, ...labels },
        value,
      });
    for (const [i, count] of state.returns.counts.entries()) {
      cumulated += count;
      add('bucket', cumulated, { le: i < returnBounds.length ? String(returnBounds[i]) : '+Inf' });
    }
    add('sum', state.returns.sum);
    add('count', cumulated);
  }

  async get() {
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values: this.#values };
  }
}
