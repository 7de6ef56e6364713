import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { startOtlpReceiver } from '../../../test/support/otlp.ts';
import { chunkTrace, processTrace, startTracing } from '../src/index.ts';

const within = { timeout: 25_000 };

/** Starts tracing towards `endpoint`; what it warned of is kept. */
async function tracing(role: string, endpoint: string, ratio = 1) {
  const warnings: string[] = [];
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = endpoint;
  const tracer = await startTracing({
    run: 'r',
    role,
    process: `${role}-1`,
    ratio,
    warn: (message) => warnings.push(message),
  });
  return { tracer, warnings };
}

describe('traces', () => {
  it('have ids that follow from names, and are none of OpenTelemetry’s invalid ones', () => {
    const ids = [
      chunkTrace('r', 'a', 1),
      chunkTrace('r', 'a', 2),
      chunkTrace('r', 'b', 1),
      chunkTrace('s', 'a', 1),
      processTrace('r', 'a'),
    ];
    expect(chunkTrace('r', 'a', 1)).toEqual(ids[0]);
    expect(new Set(ids.map(({ traceId }) => traceId)).size).toBe(ids.length);
    for (const { traceId, rootId } of ids) {
      expect(traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(rootId).toMatch(/^[0-9a-f]{16}$/);
    }
    // SHA-256 of "chunk\nr\na\n1", as sha256sum has it.
    expect(ids[0]).toEqual({ traceId: '9566799d04e1a60ed42c3718ff349725', rootId: 'fd3576e4c5633154' });
  });

  it('are put together by processes that know nothing of each other', async () => {
    const { endpoint, spans } = await startOtlpReceiver();
    const { tracer: actor } = await tracing('actor', endpoint);
    const { tracer: learner } = await tracing('learner', endpoint);
    const now = performance.now();
    actor.chunk('a', 7)!.root('rollout', now - 5, now - 3.5, { 'qfleet.slot': 3 });
    learner.chunk('a', 7)!.span('update', now - 2, now - 1);
    await Promise.all([actor.close(), learner.close()]);
    const of = (name: string) => spans.find((span) => span.name === name)!;
    const { traceId, rootId } = chunkTrace('r', 'a', 7);
    expect(of('rollout')).toMatchObject({
      service: 'qfleet-actor',
      traceId,
      spanId: rootId,
      parentSpanId: '',
      attributes: { 'qfleet.slot': 3 },
    });
    expect(of('update')).toMatchObject({ service: 'qfleet-learner', traceId, parentSpanId: rootId });
    // To the microsecond, by the clock of the wall.
    const { from, to } = of('rollout');
    expect(Number(to - from)).toBeCloseTo(1.5e6, -3);
    expect(Math.abs(Number(to / 1_000_000n) - Date.now())).toBeLessThan(60_000);
    expect(of('actor')).toMatchObject({ traceId: processTrace('r', 'actor-1').traceId });
  });

  it('are of the same chunks in all processes, and of as many as was asked', async () => {
    const { endpoint } = await startOtlpReceiver();
    const { tracer: actor } = await tracing('actor', endpoint, 0.25);
    const { tracer: learner } = await tracing('learner', endpoint, 0.25);
    const chosen = (tracer: typeof actor) =>
      Array.from({ length: 4_000 }, (_, i) => i).filter((i) => tracer.chunk('a', i) !== null);
    const by = chosen(actor);
    expect(chosen(learner)).toEqual(by);
    // 1,000 of 4,000, within five standard deviations.
    expect(Math.abs(by.length - 1_000)).toBeLessThan(5 * Math.sqrt(4_000 * 0.25 * 0.75));
    await Promise.all([actor.close(), learner.close()]);
  });

  it('are lost where the receiver is away, which is said once and holds nothing up', async () => {
    const { tracer, warnings } = await tracing('actor', 'http://127.0.0.1:9');
    tracer.chunk('a', 1)!.root('rollout', 0, 1);
    await tracer.close();
    await expect
      .poll(() => warnings, within)
      .toEqual([expect.stringMatching(/^Traces do not arrive: .+\.$/)]);
  });

  it('cost a process nothing that does not start them', () => {
    const index = new URL('../dist/index.js', import.meta.url).href;
    const script = `
      import { registerHooks } from 'node:module';
      const loaded = [];
      registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
      await import(${JSON.stringify(index)});
      const before = loaded.filter((url) => url.includes('opentelemetry')).length;
      const { startTracing } = await import(${JSON.stringify(index)});
      await startTracing({ run: 'r', role: 'actor', process: 'p', ratio: 1, warn: () => {} });
      const after = loaded.filter((url) => url.includes('opentelemetry')).length;
      console.log(before, after > 10);
      process.exit(0);`;
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(said).toBe('0 true\n');
  });
});
