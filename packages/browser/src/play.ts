import {
  type ActingRows,
  createDistributions,
  createPolicy,
  type Distributions,
  type Policy,
} from '@qfleet/agents';
import type { RunConfig } from '@qfleet/config';
import {
  allocateObservations,
  createEnvironment,
  type DrawingContext,
  drawPicture,
  type Environment,
  type EnvironmentDefinition,
  type ObservationArray,
  observationSize,
  type Picture,
  type StepOutcome,
  stateSpecOf,
} from '@qfleet/envs';
import { Random } from '@qfleet/random';
import type { Memory } from '@qfleet/spaces';
import type { NamedTensors } from '@qfleet/tensor';
import { openEnvironment } from './open-environment.ts';

/** What a step gave. */
export interface PlayedStep {
  readonly reward: number;
  readonly terminated: boolean;
  readonly truncated: boolean;
}

/**
 * The agent of a run in its environment, a step at a time: the same environment code and the same policy as the run's actors
 * have, greedy unless another action is given. Episode i of a seed begins as that of `qfleet eval` does.
 *
 * @example
 * const { readFileSync } = await import('node:fs'); // in a page: fetch
 * const file = (name: string) => readFileSync(`runs/first/${name}`);
 * const config = parseRunConfig(file('config.yaml').toString(), 'config.yaml');
 * const play = await Play.create(config);
 * play.load(readWeights(file('checkpoints/best.safetensors')));
 * play.reset(1);
 * while (!play.isOver) play.step(); // play.draw(canvas.getContext('2d')) shows the state, play.values is Q(s, ·)
 */
export class Play {
  readonly definition: EnvironmentDefinition;
  /** Q(s, ·) of the current state, [actions]. */
  readonly values: Float32Array;
  /** 1 for each action that may be taken in the current state. */
  readonly mask: Uint8Array;
  /** What the network says of each action's return, [actions, places]; null: its values alone. */
  readonly distributions: Float32Array | null;
  readonly #policy: Policy;
  readonly #spread: Distributions | null;
  /** [frames, …observationShape], oldest first. */
  readonly #state: ObservationArray;
  /** The last frame of the state. */
  readonly #observation: ObservationArray;
  readonly #rows: ActingRows;
  /** What the policy remembered before it saw the current state. */
  readonly #before: Memory;
  readonly #outcome: StepOutcome = { reward: 0, terminated: false, truncated: false };
  #environment: Environment | null = null;
  #greedy = 0;
  #isOver = true;

  private constructor(
    definition: EnvironmentDefinition,
    frames: number,
    policy: Policy,
    spread: Distributions | null,
  ) {
    const { n } = definition.actionSpace;
    this.definition = definition;
    this.#policy = policy;
    this.#spread = spread;
    this.values = new Float32Array(n);
    this.mask = new Uint8Array(n).fill(1);
    this.distributions = spread && new Float32Array(n * spread.places.length);
    this.#state = allocateObservations(definition.observationSpace, frames);
    this.#observation = this.#state.subarray((frames - 1) * observationSize(definition.observationSpace));
    this.#before = policy.memory(1);
    this.#rows = {
      count: 1,
      states: this.#state,
      begins: new Int32Array(1),
      memory: policy.memory(1),
      masks: definition.masked ? this.mask : null,
      epsilons: new Float32Array(1),
      // Never drawn from: ε is 0.
      random: new Random(0),
      actions: new Int32Array(1),
      values: this.values,
    };
  }

  /**
   * Sets an agent up, before its first weights.
   *
   * @param definition the environment, without the run's wrappers, where it is that of a module. Default: the native one of
   *   the configuration.
   * @throws EnvironmentDefinitionError where there is no such environment; ConfigError where the agent can't take its states.
   */
  static async create(config: RunConfig, definition?: EnvironmentDefinition): Promise<Play> {
    const { agent } = config;
    const { frameStack, normalizeObservations } = config.environment;
    const wrapped = openEnvironment(config, definition);
    const spec = {
      ...stateSpecOf(wrapped, frameStack),
      ...(normalizeObservations ? { normalized: true } : {}),
    };
    const policy = await createPolicy({ config: agent, spec });
    const spread =
      agent.kind === 'tabular' || agent.kind === 'token-q'
        ? null
        : await createDistributions({ config: agent, spec });
    return new Play(wrapped, frameStack, policy, spread);
  }

  /** How the distributions are to be read; null: there are none. */
  get spread(): Pick<Distributions, 'kind' | 'places'> | null {
    return this.#spread;
  }

  /** The action that the policy takes: of the largest value, the lowest of a tie. */
  get greedy(): number {
    return this.#greedy;
  }

  /** Whether the episode has ended; true before the first. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Takes up weights; the current state is valued anew.
   * @throws Error where they are not those of this agent: it keeps those that it has.
   */
  load(tensors: NamedTensors): void {
    this.#policy.load(tensors);
    this.#spread?.load(tensors);
    if (!this.#isOver) this.#look(false);
  }

  /**
   * Begins episode `episode` of a seed.
   * @throws EnvironmentError where the environment's own code fails.
   */
  reset(seed: number, episode = 0): void {
    this.#environment?.close?.();
    const random = new Random(Random.seed(seed, `episode ${episode}`));
    this.#environment = createEnvironment(this.definition, random);
    this.#environment.reset(this.#observation);
    const size = this.#observation.length;
    // Before an episode's first frame is that frame again, as actors have it.
    for (let at = 0; at < this.#state.length - size; at += size) this.#state.set(this.#observation, at);
    this.#rows.begins[0] = 1;
    this.#rows.memory.clear();
    this.#isOver = false;
    this.#look(true);
  }

  /**
   * Takes an action. Default: the greedy one.
   * @throws EnvironmentError where the environment's own code fails; Error where the episode is over.
   */
  step(action = this.#greedy): PlayedStep {
    if (this.#isOver || this.#environment === null)
      throw new Error('The episode is over: reset begins another.');
    this.#rows.begins[0] = 0;
    this.#state.copyWithin(0, this.#observation.length);
    this.#environment.step(action, this.#observation, this.#outcome);
    const { reward, terminated, truncated } = this.#outcome;
    this.#isOver = terminated || truncated;
    this.#look(true);
    return { reward, terminated, truncated };
  }

  /** The current state as shapes; undefined: it draws itself on a canvas, or is not drawn at all. */
  picture(): Picture | undefined {
    return this.definition.draw ? undefined : this.#environment?.picture?.();
  }

  /**
   * Draws the current state, which fills the canvas.
   * @returns whether it can be drawn.
   */
  draw(context: DrawingContext): boolean {
    const { draw } = this.definition;
    if (this.#environment === null) return false;
    if (draw !== undefined) {
      const { width, height } = context.canvas;
      context.clearRect(0, 0, width, height);
      context.save();
      draw(context, this.#environment.getState?.() ?? Array.from(this.#observation));
      context.restore();
      return true;
    }
    const picture = this.picture();
    if (picture === undefined) return false;
    drawPicture(context, picture);
    return true;
  }

  /**
   * Values the current state.
   *
   * @param moves whether what the policy remembers moves on: once a state.
   */
  #look(moves: boolean): void {
    const rows = this.#rows;
    if (this.definition.masked && !this.#isOver) this.#environment?.mask?.(this.mask);
    if (!moves) rows.memory.set(this.#before);
    else this.#before.set(rows.memory);
    if (this.#spread !== null) {
      const memory = this.#spread.memory(1);
      memory.set(rows.memory);
      this.#spread.run({ ...rows, memory }, this.distributions!);
    }
    this.#policy.act(rows);
    this.#greedy = rows.actions[0];
  }
}
