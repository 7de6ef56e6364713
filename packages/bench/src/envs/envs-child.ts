import { isBridged, resolveEnvironment } from '@qfleet/env-host';
import { createVectorEnvironment, type EnvironmentDefinition } from '@qfleet/envs';
import { Random } from '@qfleet/random';
import { allocateObservations, observationSize } from '@qfleet/spaces';
import { answerMeasurements, processorTime } from '../contest/contestant.ts';

/** What `envs-child` is told, as JSON in its one argument. */
export interface EnvsChildOptions {
  readonly id: string;
  readonly copies: number;
  /** Leaves out the batched kernel. */
  readonly scalar: boolean;
  /** Milliseconds. */
  readonly warmUp: number;
}

/** Turns for which actions are drawn ahead. */
const TURNS = 256;
/** Milliseconds that a measured call takes at least, so that reading the clock is nothing beside it. */
const LEAST = 1;

// A program: one contestant of `qfleet bench envs`. It measures steps as an actor takes them: all copies at once,
// observations into one batch, an episode that has ended begun anew.
const { id, copies, scalar, warmUp } = JSON.parse(process.argv[2]) as EnvsChildOptions;
const definition = await resolveEnvironment({ id });
const turn = turnsOf(scalar ? withoutKernel(definition) : definition, copies);
// Functions are compiled first: a call of many turns is then long enough.
await timeOf(1, warmUp);
const turns = await turnsFor(LEAST);
// What Python does is no processor time of this process.
const clock = isBridged(id) ? () => performance.now() : processorTime;
await answerMeasurements(() => play(turns), turns * copies, { warmUp: 0, clock });

function play(turns: number): void | Promise<void> {
  for (let i = 0; i < turns; i++) {
    const stepped = turn();
    if (stepped !== undefined) return stepped.then(() => play(turns - i - 1));
  }
}

function withoutKernel({ createVector, ...definition }: EnvironmentDefinition): EnvironmentDefinition {
  return definition;
}

/** One step of all copies, by actions drawn ahead. */
function turnsOf(definition: EnvironmentDefinition, copies: number): () => void | Promise<void> {
  const { observationSpace, actionSpace } = definition;
  const environment = createVectorEnvironment(definition);
  for (let copy = 0; copy < copies; copy++) environment.add(new Random(copy), copy, 0);
  const terminated = new Uint8Array(copies);
  const truncated = new Uint8Array(copies);
  environment.bind({
    observations: allocateObservations(observationSpace, copies),
    stride: observationSize(observationSpace),
    ...{ rewards: new Float64Array(copies), terminated, truncated, masks: null },
  });
  for (let copy = 0; copy < copies; copy++) environment.reset(copy);
  const random = new Random(0);
  const actions = Array.from({ length: TURNS }, () =>
    Int32Array.from({ length: copies }, () => random.integer(actionSpace.n)),
  );
  let at = 0;
  const beginEnded = (): void => {
    for (let copy = 0; copy < copies; copy++) {
      if (terminated[copy] !== 0 || truncated[copy] !== 0) environment.reset(copy);
    }
  };
  return () => {
    const stepped = environment.step(actions[at]);
    at = (at + 1) % TURNS;
    return stepped === undefined ? beginEnded() : stepped.then(beginEnded);
  };
}

/** How many turns take at least so many milliseconds. */
async function turnsFor(milliseconds: number): Promise<number> {
  let turns = 1;
  while ((await timeOf(turns, 0)) < milliseconds) turns *= 2;
  return turns;
}

/** Milliseconds of so many turns, played again until `least` are over. */
async function timeOf(turns: number, least: number): Promise<number> {
  const start = performance.now();
  let elapsed = 0;
  do {
    const from = performance.now();
    await play(turns);
    elapsed = performance.now() - from;
  } while (performance.now() - start < least);
  return elapsed;
}
