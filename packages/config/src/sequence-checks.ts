import type { Problem } from './problems.ts';
import type { DqnConfig } from './schema/run.ts';

/** What is wrong between a network's memory, the sequences that it is trained on, and the chunks that hold both. */
export function sequenceChecks({ network, sequence }: DqnConfig, chunkLength: number): Problem[] {
  const { core } = network;
  if (sequence === null) {
    if (core.kind === 'none') return [];
    return [
      {
        path: ['agent', 'sequence'],
        text: `is null; allowed: a sequence, as {burnIn: 40, length: 80, stride: 40}, because agent.network.core.kind is ${core.kind}.`,
      },
    ];
  }
  const problems: Problem[] = [];
  const { burnIn, length, stride } = sequence;
  const refuse = (field: string, text: string) => problems.push({ path: ['agent', 'sequence', field], text });
  if (length <= burnIn) {
    refuse('length', `is ${length}; allowed: more than agent.sequence.burnIn, ${burnIn}.`);
  }
  if (stride > length) {
    refuse(
      'stride',
      `is ${stride}; allowed: at most agent.sequence.length, ${length}, so that no step is left out.`,
    );
  }
  if (core.kind === 'none') {
    if (burnIn > 0) {
      refuse('burnIn', `is ${burnIn}; allowed: 0 with agent.network.core.kind none, which has no memory.`);
    }
    return problems;
  }
  for (const [field, steps] of [
    ['burnIn', burnIn],
    ['stride', stride],
  ] as const) {
    if (steps % chunkLength === 0) continue;
    refuse(
      field,
      `is ${steps}; allowed: a multiple of replay.chunkLength, ${chunkLength}: the memory is stored where a chunk begins.`,
    );
  }
  return problems;
}
