export { chunkTrace, processTrace, type TraceIdentity } from './identity.ts';
export { startTracing, type TracedProcess } from './start.ts';
export type { Attributes, Trace, Tracer } from './tracer.ts';
