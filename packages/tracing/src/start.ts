import type { TracedProcess, Tracer } from './tracer.ts';

/**
 * Exports spans by OTLP over HTTP, as JSON, to where the standard variables `OTEL_EXPORTER_OTLP_*` say. OpenTelemetry is
 * loaded here, and not before: a process that is not traced pays nothing for it.
 */
export async function startTracing(process: TracedProcess): Promise<Tracer> {
  const { startTracer } = await import('./tracer.ts');
  return startTracer(process);
}
