import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { start, temporaryDirectory, until } from '../support/qfleet.ts';
import { startRedis } from '../support/redis.ts';
import { panelQueries, readRules } from './support/infra.ts';
import { hasPrometheus, type Prometheus, startPrometheus } from './support/prometheus.ts';
import { selectorsOf } from './support/promql.ts';

/** Queries that may be empty while all is well, and why. */
const mayBeEmpty: Readonly<Record<string, string>> = {
  'qfleet_actor_info_mean{run="$run"}': 'CartPole tells nothing in info',
  'qfleet_evaluator_info_mean{run="$run"}': 'the same',
  'sum by (alertname) (ALERTS{alertstate="firing"})': 'no alert fires in a healthy fleet',
};

/** A replay so small that it evicts within seconds; an evaluation every second or so; nothing ends it. */
const settings = [
  'replay.capacity=3000',
  'replay.minSize=500',
  'learner.checkpointEvery=300',
  'evaluation.every=300',
  'evaluation.episodes=2',
  'stop.solvedReturn=null',
  'stop.maxUpdates=10000000',
];

/** Those of `expressions` that have no data. */
async function emptyOf(prometheus: Prometheus, expressions: readonly string[]): Promise<string[]> {
  const results = await Promise.all(expressions.map((expression) => prometheus.query(expression)));
  return expressions.filter((_, i) => results[i].length === 0);
}

describe.skipIf(!hasPrometheus)('Prometheus (apt-get install prometheus) on a training fleet', () => {
  it('has data for every panel, every rule and every alert, and sees the exporter go', {
    timeout: 180_000,
  }, async () => {
    const redis = await startRedis('--maxmemory', '512mb');
    onTestFinished(() => redis.stop());
    const run = start([
      ...['train', 'cartpole', '--redis', `unix://${redis.socket}`],
      ...['--run-dir', join(temporaryDirectory(), 'run')],
      ...settings.flatMap((setting) => ['--set', setting]),
    ]);
    const exporter = /Metrics: http:\/\/(\S+)\/metrics/;
    await until(run, () => exporter.test(run.output.stderr + run.output.stdout), 'the exporter serves');
    const prometheus = await startPrometheus(exporter.exec(run.output.stderr + run.output.stdout)![1]);

    await expect
      .poll(async () => (await prometheus.query('qfleet_actor_slots > 0')).length, { timeout: 60_000 })
      .toBeGreaterThan(1);
    const [{ metric }] = await prometheus.query('qfleet_actor_slots > 0');
    const variables: Readonly<Record<string, string>> = {
      $__rate_interval: '1m',
      $run: metric['run'],
      $actor: metric['actor'],
    };
    const fill = (expr: string): string =>
      Object.entries(variables).reduce((text, [name, value]) => text.replaceAll(name, value), expr);

    const rules = [...readRules('recording.yml'), ...readRules('alerts.yml')];
    const expressions = [
      ...new Set([
        ...panelQueries().map(({ expr }) => fill(expr)),
        // What an alert compares has to be there; whether it fires for a fault is promtool's to test.
        ...rules.flatMap(({ expr }) => selectorsOf(expr)),
        ...rules.flatMap(({ record, expr }) => (record ? [record, expr] : [])),
      ]),
    ].filter((expression) => !(expression in mayBeEmpty));
    await expect
      .poll(() => emptyOf(prometheus, expressions), { timeout: 60_000, interval: 1_000 })
      .toEqual([]);

    for (const { alert, expr } of rules) {
      // Well-formed for Prometheus itself, with the series of now.
      if (alert) await prometheus.query(expr);
    }
    const evaluated = await prometheus.rules();
    expect(evaluated).toHaveLength(rules.length);
    expect(evaluated.filter(({ health }) => health !== 'ok')).toEqual([]);
    expect(evaluated.filter(({ state }) => state === 'firing')).toEqual([]);

    run.child.kill('SIGINT');
    expect((await run.ended).code).toBe(0);
    const down = async () =>
      (await prometheus.rules()).find(({ name }) => name === 'QfleetExporterDown')?.state;
    await expect.poll(down, { timeout: 30_000 }).toBe('pending');
  });
});
