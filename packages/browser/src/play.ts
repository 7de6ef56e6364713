import type { RunConfig } from '@qfleet/config';
import {
  createEnvironment,
  type DrawingContext,
  drawPicture,
  type Environment,
  type EnvironmentDefinition,
  type Frame,
  type Picture,
  type StepOutcome,
  stateSpecOf,
} from '@qfleet/envs';
import { Random } from '@qfleet/random';
import type { StateSpec } from '@qfleet/spaces';
import type { NamedTensors } from '@qfleet/tensor';
import { openEnvironment } from './open-environment.ts';
import { PlayingAgent } from './playing-agent.ts';

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
  readonly #agent: PlayingAgent;
  readonly #outcome: StepOutcome = { reward: 0, terminated: false, truncated: false };
  #environment: Environment | null = null;
  #isOver = true;

  private constructor(definition: EnvironmentDefinition, agent: PlayingAgent) {
    this.definition = definition;
    this.#agent = agent;
    this.values = agent.values;
    this.mask = agent.mask;
    this.distributions = agent.distributions;
  }

  /**
   * Sets an agent up, before its first weights.
   *
   * @param definition the environment, without the run's wrappers, where it is that of a module. Default: the native one of
   *   the configuration.
   * @throws EnvironmentDefinitionError where there is no such environment; ConfigError where the agent can't take its states.
   */
  static async create(config: RunConfig, definition?: EnvironmentDefinition): Promise<Play> {
    const wrapped = openEnvironment(config, definition);
    return new Play(wrapped, await PlayingAgent.create(config, playedSpec(config, wrapped)));
  }

  /** How the distributions are to be read; null: there are none. */
  get spread(): PlayingAgent['spread'] {
    return this.#agent.spread;
  }

  /** The action that the policy takes: of the largest value, the lowest of a tie. */
  get greedy(): number {
    return this.#agent.greedy;
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
    this.#agent.load(tensors);
    if (!this.#isOver) this.#agent.lookAgain();
  }

  /**
   * Begins episode `episode` of a seed.
   * @throws EnvironmentError where the environment's own code fails.
   */
  reset(seed: number, episode = 0): void {
    const former = this.#environment;
    const random = new Random(Random.seed(seed, `episode ${episode}`));
    this.#environment = createEnvironment(this.definition, random);
    // What both copies may share, as a worker of Python's, goes on.
    former?.close?.();
    this.#environment.reset(this.#agent.observation);
    this.#isOver = false;
    this.#readMask();
    this.#agent.begin();
  }

  /**
   * Takes an action. Default: the greedy one.
   * @throws EnvironmentError where the environment's own code fails; Error where the episode is over.
   */
  step(action = this.greedy): PlayedStep {
    if (this.#isOver || this.#environment === null)
      throw new Error('The episode is over: reset begins another.');
    this.#agent.shift();
    this.#environment.step(action, this.#agent.observation, this.#outcome);
    const { reward, terminated, truncated } = this.#outcome;
    this.#isOver = terminated || truncated;
    this.#readMask();
    this.#agent.look();
    return { reward, terminated, truncated };
  }

  /** The current state as shapes; undefined: it draws itself on a canvas, or is not drawn at all. */
  picture(): Picture | undefined {
    return this.definition.draw ? undefined : this.#environment?.picture?.();
  }

  /** The current state as pixels, where its environment is drawn by a program of its own. @throws Error: one sentence why it is not. */
  frame(): Frame | undefined {
    return this.#environment?.frame?.();
  }

  /** Ends what the environment keeps open: a `reset` begins anew. */
  close(): void {
    this.#environment?.close?.();
    this.#environment = null;
    this.#isOver = true;
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
      draw(context, this.#environment.getState?.() ?? Array.from(this.#agent.observation));
      context.restore();
      return true;
    }
    const picture = this.picture();
    if (picture === undefined) return false;
    drawPicture(context, picture);
    return true;
  }

  #readMask(): void {
    if (this.definition.masked && !this.#isOver) this.#environment?.mask?.(this.mask);
  }
}

/**
 * What the agent of a run sees of an environment that has the run's wrappers.
 *
 * @example
 * const config = runConfigOf({ environment: { id: 'CartPole-v1' }, agent: { kind: 'dqn' } }, 'the page');
 * playedSpec(config, findEnvironment('CartPole-v1')).shape; // → [4]
 */
export function playedSpec({ environment }: RunConfig, wrapped: EnvironmentDefinition): StateSpec {
  const { frameStack, normalizeObservations } = environment;
  return { ...stateSpecOf(wrapped, frameStack), ...(normalizeObservations ? { normalized: true } : {}) };
}
