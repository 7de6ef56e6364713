export { chunkTrace, processTrace, type TraceIdentity } from './identity.ts';
export { startTracing } from './start.ts';
export type { Attributes, Trace, TracedProcess, Tracer } from './tracer.ts';
