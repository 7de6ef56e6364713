import type { Random } from '@qfleet/random';
import { discrete, type ObservationArray } from '@qfleet/spaces';
import type { Picture } from '../drawing/picture.ts';
import type { Environment, EnvironmentDefinition, StepOutcome, Transition } from '../environment.ts';
import { takeIndex } from './state.ts';

/** What a tabular environment is made of: Gymnasium's `P` and `initial_state_distrib`. */
export interface TabularModel {
  readonly states: number;
  readonly actions: number;
  /** The states that an episode starts in, all equally likely. */
  readonly starts: readonly number[];
  /** What may follow, most often one thing; the probabilities of one state and action sum to 1. */
  transitions(state: number, action: number): Transition[];
  picture(state: number): Picture;
}

/** An environment whose transitions are a table, sampled as Gymnasium's toy-text environments sample them. */
class Tabular implements Environment {
  readonly #random: Random;
  readonly #starts: readonly number[];
  readonly #table: readonly (readonly Transition[])[];
  readonly #actions: number;
  readonly #model: TabularModel;
  #state = 0;

  constructor(random: Random, model: TabularModel, table: readonly (readonly Transition[])[]) {
    this.#random = random;
    this.#starts = model.starts;
    this.#actions = model.actions;
    this.#model = model;
    this.#table = table;
  }

  reset(observation: ObservationArray): void {
    this.#state = this.#starts[this.#random.integer(this.#starts.length)];
    observation[0] = this.#state;
  }

  step(action: number, observation: ObservationArray, outcome: StepOutcome): void {
    const { next, reward, terminated } = this.#draw(this.#table[this.#state * this.#actions + action]);
    this.#state = next;
    observation[0] = next;
    outcome.reward = reward;
    outcome.terminated = terminated;
    outcome.truncated = false;
  }

  setState(state: unknown, observation: ObservationArray): void {
    this.#state = takeIndex(state, this.#table.length / this.#actions);
    observation[0] = this.#state;
  }

  getState(): number[] {
    return [this.#state];
  }

  picture(): Picture {
    return this.#model.picture(this.#state);
  }

  #draw(transitions: readonly Transition[]): Transition {
    const last = transitions.length - 1;
    if (last === 0) return transitions[0];
    let left = this.#random.uniform();
    for (let i = 0; i < last; i++) {
      left -= transitions[i].probability;
      if (left < 0) return transitions[i];
    }
    return transitions[last];
  }
}

/** The definition of a tabular environment; all copies of it share one table. */
export function tabular(
  about: Pick<EnvironmentDefinition, 'id' | 'maxEpisodeSteps' | 'solvedReturn' | 'summary'>,
  model: TabularModel,
): EnvironmentDefinition {
  const table = Array.from({ length: model.states * model.actions }, (_, i) =>
    model.transitions(Math.floor(i / model.actions), i % model.actions),
  );
  return {
    ...about,
    native: true,
    observationSpace: discrete(model.states),
    actionSpace: discrete(model.actions),
    transitions: (state, action) => table[state * model.actions + action],
    create: (random) => new Tabular(random, model, table),
  };
}
