import { hash } from 'node:crypto';

/** Where a trace is: its id, and that of the span on which its others hang. Lower-case hexadecimal, as W3C has them. */
export interface TraceIdentity {
  readonly traceId: string;
  readonly rootId: string;
}

/** 128 and 64 bits that follow from a name: whoever knows it knows the trace, so nothing travels with the data. */
function identityOf(name: readonly (string | number)[]): TraceIdentity {
  const digest = hash('sha256', name.join('\n'));
  return { traceId: digest.slice(0, 32), rootId: digest.slice(32, 48) };
}

/** The trace of a chunk's life, from its identity: actor and learner both know that. */
export const chunkTrace = (run: string, writer: string, sequence: number): TraceIdentity =>
  identityOf(['chunk', run, writer, sequence]);

/** The trace of one life of a process: what its log lines belong to. */
export const processTrace = (run: string, process: string): TraceIdentity =>
  identityOf(['process', run, process]);
