import { totalmem } from 'node:os';
import { agentParameters } from '@qfleet/agents';
import { ConfigError, learnsFromRounds, type RoundRunConfig, type RunConfig } from '@qfleet/config';
import { type Layout, memoryNeeds, observationBytes, type ReplaySize, transitionsHeld } from '@qfleet/replay';
import { roundCapacity } from './handed-in-rounds.ts';

/** Where a run is to be trained. */
export interface TrainingPlace {
  /** Whether the replay lies in this machine's memory too. */
  readonly holdsReplay: boolean;
  /** Bytes of this machine's memory; what the system says if left out. */
  readonly memory?: number;
  /** Recorded transitions, which are all that the run learns from; left out: it fills its replay itself. */
  readonly recorded?: number;
}

const gigabytes = (bytes: number): string => `${Number((bytes / 1e9).toPrecision(3))} GB`;

/** A parameter, its copy in the target network, and Adam's two moments. */
const BYTES_A_PARAMETER = 16;

/** Bytes of memory that this process may use: the machine's, or its container's. */
const machineMemory = (): number => Math.min(totalmem(), process.constrainedMemory() || totalmem());

/**
 * Checks what a configuration asks for against its environment and the machine, before anything is made for the run.
 *
 * @param layout of the environment's transitions.
 * @throws ConfigError with every problem: an agent that can't take the observations, a replay that never holds what
 *   learning begins with, one that is larger than the memory.
 */
export function checkRun(config: RunConfig, layout: Layout, place: TrainingPlace): void {
  const memory = place.memory ?? machineMemory();
  const problems = [
    ...parameterProblems(config, layout, memory),
    ...(learnsFromRounds(config)
      ? roundProblems(config, layout, place.holdsReplay, memory)
      : place.recorded === undefined
        ? replayProblems(config, layout, place.holdsReplay, memory)
        : recordedProblems(config, layout, place.recorded, memory)),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
}

/** @throws ConfigError for an agent that can't take the observations. */
function parameterProblems({ agent }: RunConfig, layout: Layout, memory: number): string[] {
  const parameters = agentParameters({ config: agent, spec: layout });
  const count = parameters.reduce((sum, { shape }) => sum + shape.reduce((product, n) => product * n, 1), 0);
  if (agent.kind === 'tabular' || count * BYTES_A_PARAMETER <= memory) return [];
  const takes = `takes ${gigabytes(count * BYTES_A_PARAMETER)} of memory, and this machine has ${gigabytes(memory)}`;
  if (agent.kind !== 'token-q')
    return [
      `agent.network.hidden is [${agent.network.hidden}], which makes ${count} parameters here and ${takes}: take fewer units.`,
    ];
  const { network } = agent;
  return [
    network.kind === 'model'
      ? `The model of ${network.directory} has ${count} parameters with its values, whose training ${takes}: take a smaller one.`
      : `agent.network.width is ${network.width}, which makes ${count} parameters here and ${takes}: take fewer features or layers.`,
  ];
}

function roundProblems(
  config: RoundRunConfig,
  layout: Layout,
  holdsReplay: boolean,
  memory: number,
): string[] {
  const { copies, steps } = config.agent;
  const handedIn = holdsReplay ? roundCapacity(config, layout).bytes : 0;
  // A round, and its minibatches as they are dealt out and as they are fed.
  const bytes = handedIn + 3 * copies * steps * (layout.frames * observationBytes(layout) + 16);
  if (bytes <= memory) return [];
  return [
    `agent.copies is ${copies} and agent.steps ${steps}, whose rounds take ${gigabytes(bytes)} of memory, and this machine ` +
      `has ${gigabytes(memory)}: lower one of them.`,
  ];
}

function recordedProblems(
  { agent, replay, learner }: RunConfig,
  layout: Layout,
  recorded: number,
  memory: number,
): string[] {
  // A batch of dialogues may be one of them.
  const least = agent.kind === 'pqn' || agent.kind === 'token-q' ? 1 : agent.batchSize;
  if (recorded < least) {
    return [
      `The recorded experience has ${recorded} transitions; allowed: at least agent.batchSize, ${least}.`,
    ];
  }
  const needs = memoryNeeds(layout, {
    capacity: recorded,
    capacityBytes: Number.POSITIVE_INFINITY,
    chunkLength: replay.chunkLength,
    cacheBytes: learner.cacheBytes,
    prioritized: replay.sampling.kind === 'prioritized',
  });
  const bytes = needs.learner + needs.store;
  if (bytes <= memory) return [];
  return [
    `The recorded experience has ${recorded} transitions, for which the run takes ${gigabytes(bytes)} of memory, and this ` +
      `machine has ${gigabytes(memory)}: learn from fewer, or lower learner.cacheBytes (${learner.cacheBytes}).`,
  ];
}

function replayProblems(
  { replay, learner }: RunConfig,
  layout: Layout,
  holdsReplay: boolean,
  memory: number,
): string[] {
  const size: ReplaySize = {
    ...replay,
    cacheBytes: learner.cacheBytes,
    prioritized: replay.sampling.kind === 'prioritized',
  };
  const problems: string[] = [];
  const held = transitionsHeld(layout, size);
  if (held < replay.minSize) {
    problems.push(
      `replay.capacityBytes is ${replay.capacityBytes}, which holds ${held} transitions of this environment; allowed: ` +
        `enough for replay.minSize, ${replay.minSize}.`,
    );
  }
  const needs = memoryNeeds(layout, size);
  const bytes = needs.learner + (holdsReplay ? needs.store : 0);
  if (bytes > memory) {
    problems.push(
      `replay.capacity is ${replay.capacity}, for which the run takes ${gigabytes(bytes)} of memory, and this machine ` +
        `has ${gigabytes(memory)}: lower it, replay.capacityBytes (${replay.capacityBytes}) or learner.cacheBytes ` +
        `(${learner.cacheBytes}).`,
    );
  }
  return problems;
}
