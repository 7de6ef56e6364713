import type { Tracer } from './tracer.ts';

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

/**
 * Exports spans by OTLP over HTTP, as JSON, to where the standard variables `OTEL_EXPORTER_OTLP_*` say. OpenTelemetry is
 * loaded here, and not before: a process that is not traced pays nothing for it.
 */
export async function startTracing(process: TracedProcess): Promise<Tracer> {
  const { startTracer } = await import('./tracer.ts');
  return startTracer(process);
}
