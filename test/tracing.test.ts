import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chunkTrace } from '@qfleet/tracing';
import { expect, it } from 'vitest';
import { startOtlpReceiver } from './support/otlp.ts';
import { qfleet, temporaryDirectory } from './support/qfleet.ts';

it('a fleet tells the life of its chunks to an OTLP receiver', { timeout: 180_000 }, async () => {
  const { endpoint, spans } = await startOtlpReceiver();
  const directory = join(temporaryDirectory(), 'run');
  const ended = await qfleet(
    ['train', 'cliffwalking', '--run-dir', directory, '--max-updates', '10000', '--json'],
    {
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
        OTEL_TRACES_SAMPLER_ARG: '0.1',
        QFLEET_LOG_LEVEL: 'info',
      },
    },
  );
  expect(ended).toMatchObject({ code: 0 });
  const { run } = JSON.parse(readFileSync(join(directory, 'summary.json'), 'utf8')) as { run: string };

  const traces = Map.groupBy(spans, ({ traceId }) => traceId);
  const whole = [...traces.values()].filter((trace) => trace.some(({ name }) => name === 'update'));
  expect(whole.length).toBeGreaterThan(10);
  for (const trace of whole) {
    const named = (name: string) => trace.filter((span) => span.name === name);
    const order = ['rollout', 'push', 'replay', 'sample', 'update'];
    expect(trace.map(({ name }) => name).sort()).toEqual([...order].sort());
    const [rollout, push, replay, sample, update] = order.map((name) => named(name)[0]);
    // All are of one chunk, which actor and learner know by the same name.
    const { attributes } = rollout;
    expect(
      chunkTrace(run, String(attributes['qfleet.writer']), Number(attributes['qfleet.sequence'])),
    ).toEqual({
      traceId: rollout.traceId,
      rootId: rollout.spanId,
    });
    expect(rollout).toMatchObject({ service: 'qfleet-actor', parentSpanId: '' });
    for (const span of [push, replay, sample, update]) expect(span.parentSpanId).toBe(rollout.spanId);
    expect(push.service).toBe('qfleet-actor');
    expect([replay, sample, update].map(({ service }) => service)).toEqual(Array(3).fill('qfleet-learner'));
    // One clock, as they ran on one machine; the replay may have a chunk before the actor hears that it has.
    for (const { from, to } of trace) expect(to).toBeGreaterThanOrEqual(from);
    expect(push.from).toBeGreaterThanOrEqual(rollout.to);
    expect(sample.from).toBeLessThanOrEqual(sample.to);
    expect(update.from).toBe(sample.to);
    expect(update.to).toBeGreaterThan(replay.from);
    expect(Number(update.attributes['qfleet.updates'])).toBeGreaterThan(0);
  }
  // The others belong to chunks that the run's end left, and to the processes' own lives.
  const lives = spans.filter(({ name }) => ['learner', 'actor', 'evaluator', 'exporter'].includes(name));
  expect(new Set(lives.map(({ name }) => name))).toEqual(
    new Set(['learner', 'actor', 'evaluator', 'exporter']),
  );

  // Each line of each process's log says whose it is, and which trace.
  const logs = join(directory, 'logs');
  const lines = readdirSync(logs).flatMap((file) =>
    readFileSync(join(logs, file), 'utf8').trim().split('\n'),
  );
  const said = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(said.length).toBeGreaterThan(2);
  for (const line of said) {
    expect(line).toMatchObject({
      run,
      process: expect.stringMatching(/./),
      role: expect.stringMatching(/./),
    });
    const life = lives.find(({ traceId }) => traceId === line['trace_id']);
    expect(life?.name).toBe(line['role']);
  }
});
