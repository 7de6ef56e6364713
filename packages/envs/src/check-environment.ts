import { Random } from '@qfleet/random';
import {
  allocateObservations,
  elementName,
  type ObservationArray,
  observationSize,
  type Space,
} from '@qfleet/spaces';
import { createEnvironment } from './create-environment.ts';
import type { Environment, EnvironmentDefinition, StepOutcome } from './environment.ts';

/** What a random policy met in an environment. */
export interface EnvironmentCheck {
  readonly id: string;
  readonly observationSpace: Space;
  readonly actions: number;
  readonly steps: number;
  /** Episodes that ended; their undiscounted returns on average, null where none ended. */
  readonly episodes: number;
  readonly meanReturn: number | null;
  /** Sentences; none: it can be trained on. */
  readonly problems: readonly string[];
}

/** Steps that are played again, to see that they come out the same: alone, and beside another copy. */
const REPEATED_STEPS = 1000;

/**
 * Plays uniformly random actions. Beside what `createEnvironment` checks at each step, observations must be within
 * the bounds of their space, episodes must end, a seed must give the same steps again, and so must two copies that are
 * stepped alternately.
 * @throws EnvironmentError where the environment breaks its contract.
 */
export function checkEnvironment(
  definition: EnvironmentDefinition,
  options: { steps: number; seed: number },
): EnvironmentCheck {
  const { steps, seed } = options;
  const problems: string[] = [];
  const outside = outsideOf(definition.observationSpace);
  const returns: number[] = [];
  let total = 0;
  let first: string | null = null;
  const player = new Player(definition, seed, 0, (observation, outcome, place) => {
    first ??= outside(observation, place);
    if (outcome === null) {
      total = 0;
      return;
    }
    total += outcome.reward;
    if (outcome.terminated || outcome.truncated) returns.push(total);
  });
  try {
    for (let done = 0; done < steps; done++) player.step();
  } finally {
    player.close();
  }
  if (first !== null) problems.push(first);
  if (returns.length === 0) {
    problems.push(`No episode ended in ${steps} steps${endlessHint(definition.maxEpisodeSteps, steps)}`);
  }
  const repeated = Math.min(steps, REPEATED_STEPS);
  const alone = [seed, seed + 1].map((each) => traced(definition, repeated, [each])[0]);
  const sameAlone = isSame(alone[0], traced(definition, repeated, [seed])[0]);
  const together = sameAlone ? traced(definition, repeated, [seed, seed + 1]) : [];
  if (!sameAlone) {
    problems.push(
      'The same seed gave other steps the second time: draw all that is random from the `random` of create, ' +
        'and keep all that changes within create.',
    );
  } else if (!together.every((trace, copy) => isSame(trace, alone[copy]))) {
    problems.push(
      'Two copies side by side gave other steps than each alone: they disturb each other. ' +
        'Keep all that changes within create: training steps many copies alternately.',
    );
  }
  return {
    id: definition.id,
    observationSpace: definition.observationSpace,
    actions: definition.actionSpace.n,
    steps,
    episodes: returns.length,
    meanReturn: returns.length === 0 ? null : returns.reduce((sum, each) => sum + each, 0) / returns.length,
    problems,
  };
}

/** What to do where no episode ended, which is only known of an environment that has no limit, or a longer one. */
const endlessHint = (limit: number | null, steps: number): string =>
  limit === null
    ? `, and nothing limits them: give them a limit, by maxEpisodeSteps of the definition or environment.maxEpisodeSteps of the configuration, or play more, as with --steps ${10 * steps}.`
    : `, and their limit is ${limit}: play more, as with --steps ${10 * limit}.`;

/** An observation, and the outcome that came with it; null: an episode's first. */
interface Seen {
  readonly observation: ObservationArray;
  readonly outcome: StepOutcome | null;
}

/** What a copy for each seed gives, stepped alternately. */
function traced(definition: EnvironmentDefinition, steps: number, seeds: readonly number[]): Seen[][] {
  const traces = seeds.map((): Seen[] => []);
  const players = seeds.map(
    (seed, copy) =>
      new Player(definition, seed, copy, (observation, outcome) => {
        traces[copy].push({ observation: observation.slice(), outcome: outcome && { ...outcome } });
      }),
  );
  try {
    for (let done = 0; done < steps; done++) for (const player of players) player.step();
  } finally {
    for (const player of players) player.close();
  }
  return traces;
}

/** Whether two traces agree bit for bit. */
const isSame = (a: readonly Seen[], b: readonly Seen[]): boolean =>
  a.length === b.length &&
  a.every(({ observation, outcome }, i) => {
    const other = b[i].outcome;
    return (
      Object.is(outcome?.reward, other?.reward) &&
      outcome?.terminated === other?.terminated &&
      outcome?.truncated === other?.truncated &&
      observation.every((value: number, at: number) => Object.is(value, b[i].observation[at]))
    );
  });

/** Told of every observation, with the outcome and the step that led to it; null: an episode's first. */
type Told = (observation: ObservationArray, outcome: StepOutcome | null, place: string) => void;

/** Plays uniformly random actions in one copy. */
class Player {
  readonly #definition: EnvironmentDefinition;
  readonly #environment: Environment;
  readonly #random: Random;
  readonly #observation: ObservationArray;
  readonly #outcome: StepOutcome = { reward: 0, terminated: false, truncated: false };
  /** Which actions may be taken; null: all, always. */
  readonly #mask: Uint8Array | null;
  readonly #told: Told;
  #episode = 0;
  #step = 0;
  #open = false;

  /** @param copy names it in errors, as its slot. */
  constructor(definition: EnvironmentDefinition, seed: number, copy: number, told: Told) {
    this.#definition = definition;
    this.#environment = createEnvironment(definition, new Random(Random.seed(seed, 'environment')), copy);
    this.#random = new Random(Random.seed(seed, 'actions'));
    this.#observation = allocateObservations(definition.observationSpace);
    this.#mask = definition.masked ? new Uint8Array(definition.actionSpace.n) : null;
    this.#told = told;
  }

  /** One step, after a reset where no episode is open. */
  step(): void {
    const observation = this.#observation;
    const outcome = this.#outcome;
    if (!this.#open) {
      this.#environment.reset(observation);
      this.#episode++;
      this.#step = 0;
      this.#told(observation, null, `episode ${this.#episode}, step 0`);
    }
    this.#environment.step(this.#action(), observation, outcome);
    this.#told(observation, outcome, `episode ${this.#episode}, step ${++this.#step}`);
    this.#open = !outcome.terminated && !outcome.truncated;
  }

  /** Any action that may be taken. */
  #action(): number {
    const { n } = this.#definition.actionSpace;
    if (this.#mask === null) return this.#random.integer(n);
    this.#environment.mask!(this.#mask);
    const allowed = [...this.#mask.keys()].filter((action) => this.#mask![action] === 1);
    return allowed[this.#random.integer(allowed.length)];
  }

  close(): void {
    this.#environment.close?.();
  }
}

/** Says in a sentence which element of an observation is outside the space; null: none. */
function outsideOf(space: Space): (observation: ArrayLike<number>, place: string) => string | null {
  // createEnvironment sees to a Discrete.
  if (space.kind === 'discrete') return () => null;
  const round = { float32: Math.fround, float16: Math.f16round, int32: Number, uint8: Number }[space.dtype];
  const boundsOf = (bounds: number | readonly number[]) =>
    Array.from({ length: observationSize(space) }, (_, i) =>
      round(typeof bounds === 'number' ? bounds : bounds[i]),
    );
  const [lows, highs] = [boundsOf(space.low), boundsOf(space.high)];
  return (observation, place) => {
    const i = lows.findIndex((low, at) => observation[at] < low || observation[at] > highs[at]);
    if (i < 0) return null;
    const name = elementName(i, space.parts);
    return `In ${place}, ${name} is ${observation[i]}: its space says ${lows[i]} to ${highs[i]}; give the space the bounds that hold, or clip what is observed.`;
  };
}
