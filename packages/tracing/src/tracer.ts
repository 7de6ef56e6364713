import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Context,
  type Tracer as OtelTracer,
  ROOT_CONTEXT,
  type SpanContext,
  type SpanOptions,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  type IdGenerator,
  RandomIdGenerator,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { chunkTrace, processTrace, type TraceIdentity } from './identity.ts';

/** A process whose part in traces is exported. */
export interface TracedProcess {
  readonly run: string;
  readonly role: string;
  /** This life of it. */
  readonly process: string;
  /** The share of chunks whose life is traced, 0 to 1. It has to be the same in all processes of a run. */
  readonly ratio: number;
  /** Told once of an outage of the receiver, in one sentence. */
  readonly warn: (message: string) => void;
}

/** What a span says beside its name and times. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** One trace, of which each process writes the spans that it knows. Times are those of `performance.now()`. */
export interface Trace {
  /** The span on which the others hang: written by one process only. */
  root(name: string, from: number, to: number, attributes?: Attributes): void;
  span(name: string, from: number, to: number, attributes?: Attributes): void;
}

export interface Tracer {
  /** The trace of a chunk; null for one that is not among those traced. */
  chunk(writer: string, sequence: number): Trace | null;
  /** Exports what is left, for two seconds at most, with a span of the process's whole life. */
  close(): Promise<void>;
}

/** Receivers may be away: no process waits for them longer at its end. */
const FLUSH_MS = 2_000;

/** Ids are random, but of the span that is about to start. */
class Ids implements IdGenerator {
  next: TraceIdentity | null = null;
  readonly #random = new RandomIdGenerator();

  generateTraceId(): string {
    return this.next?.traceId ?? this.#random.generateTraceId();
  }

  generateSpanId(): string {
    return this.next?.rootId ?? this.#random.generateSpanId();
  }
}

/** See `startTracing`. */
export function startTracer({ run, role, process, ratio, warn }: TracedProcess): Tracer {
  const ids = new Ids();
  const provider = new TracerProvider({
    resource: defaultResource()
      .merge(
        resourceFromAttributes({
          'service.name': `qfleet-${role}`,
          'service.instance.id': process,
          'qfleet.run': run,
        }),
      )
      .merge(detectResources({ detectors: [envDetector] })),
    // Which chunks are traced was decided before a span starts.
    sampler: new AlwaysOnSampler(),
    idGenerator: ids,
    spanProcessors: [new BatchSpanProcessor({ exporter: telling(new OTLPTraceExporter(), warn) })],
  });
  const otel = provider.getTracer('qfleet');
  // By the trace's id, so that all processes choose the same chunks.
  const sampler = new TraceIdRatioBasedSampler(ratio);
  const life = new WrittenTrace(otel, ids, processTrace(run, process));
  const startedAt = performance.now();
  return {
    chunk(writer, sequence) {
      const identity = chunkTrace(run, writer, sequence);
      const { decision } = sampler.shouldSample(ROOT_CONTEXT, identity.traceId);
      return decision ? new WrittenTrace(otel, ids, identity) : null;
    },
    async close() {
      life.root(role, startedAt, performance.now());
      await Promise.race([provider.shutdown().catch(() => undefined), sleep(FLUSH_MS)]);
    },
  };
}

class WrittenTrace implements Trace {
  readonly #otel: OtelTracer;
  readonly #ids: Ids;
  readonly #identity: TraceIdentity;
  readonly #below: Context;

  constructor(otel: OtelTracer, ids: Ids, identity: TraceIdentity) {
    this.#otel = otel;
    this.#ids = ids;
    this.#identity = identity;
    const root: SpanContext = {
      traceId: identity.traceId,
      spanId: identity.rootId,
      traceFlags: TraceFlags.SAMPLED,
      isRemote: true,
    };
    this.#below = trace.setSpanContext(ROOT_CONTEXT, root);
  }

  root(name: string, from: number, to: number, attributes: Attributes = {}): void {
    this.#ids.next = this.#identity;
    this.#write(name, from, to, attributes, ROOT_CONTEXT);
    this.#ids.next = null;
  }

  span(name: string, from: number, to: number, attributes: Attributes = {}): void {
    this.#write(name, from, to, attributes, this.#below);
  }

  #write(name: string, from: number, to: number, attributes: Attributes, parent: Context): void {
    const options: SpanOptions = { startTime: unixTime(from), attributes: { ...attributes } };
    this.#otel.startSpan(name, options, parent).end(unixTime(to));
  }
}

/** Milliseconds since 1970, with their fractions. */
const unixTime = (time: number): number => performance.timeOrigin + time;

/** Says once that spans do not arrive, and again after they did. */
function telling(exporter: OTLPTraceExporter, warn: (message: string) => void): SpanExporter {
  let failing = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const failed = result.error !== undefined;
        if (failed && !failing) warn(`Traces do not arrive: ${result.error?.message}.`);
        failing = failed;
        done(result);
      }),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
}
