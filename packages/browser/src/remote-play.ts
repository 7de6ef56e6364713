import type { RunConfig } from '@qfleet/config';
import type { Frame } from '@qfleet/envs';
import type { StateSpec } from '@qfleet/spaces';
import type { NamedTensors } from '@qfleet/tensor';
import type { PlayedStep } from './play.ts';
import { PlayingAgent } from './playing-agent.ts';
import { decodeStageState, type StageState } from './stage-message.ts';

/** What is known of an environment that is played elsewhere; plain JSON. */
export interface RemoteStage {
  readonly id: string;
  /** What the agent sees of its states. */
  readonly spec: StateSpec;
  /** What the environment calls its actions; null: it does not say. */
  readonly actionNames: readonly string[] | null;
}

/** What a stage elsewhere is asked for. `stage` is the number that its last answer had; null: this one has none yet. */
export type StageRequest =
  | { readonly kind: 'reset'; readonly stage: number | null; readonly seed: number; readonly episode: number }
  | { readonly kind: 'step'; readonly stage: number; readonly action: number };

/**
 * The agent of a run in an environment that is played elsewhere, as by Python: its states come as messages (`encodeStageState`),
 * and the policy runs here. Like `Play` beside that, a reset and a step take time.
 *
 * @example
 * const config = runConfigOf({ environment: { id: 'gym:Line-v0' }, agent: { kind: 'tabular' } }, 'the page');
 * const spec = { shape: [], dtype: 'int32', count: 3, frames: 1, actions: 2 } as const;
 * // In a page: posts the request, and gives the bytes of the response.
 * const send = async ({ kind }: StageRequest) =>
 *   encodeStageState({
 *     ...{ stage: 1, reward: kind === 'step' ? 1 : 0, terminated: kind === 'step', truncated: false },
 *     ...{ observation: new Uint8Array(4), mask: new Uint8Array(0), frame: null, note: '' },
 *   });
 * const play = await RemotePlay.create(config, { id: 'gym:Line-v0', spec, actionNames: null }, send);
 * await play.reset(1);
 * (await play.step(0)).reward; // → 1
 * play.isOver; // → true
 */
export class RemotePlay {
  readonly definition: { readonly id: string; readonly actionSpace: { readonly n: number } };
  /** Q(s, ·) of the current state, [actions]. */
  readonly values: Float32Array;
  /** 1 for each action that may be taken in the current state. */
  readonly mask: Uint8Array;
  /** What the network says of each action's return, [actions, places]; null: its values alone. */
  readonly distributions: Float32Array | null;
  readonly #agent: PlayingAgent;
  readonly #send: (request: StageRequest) => Promise<Uint8Array>;
  /** The bytes of the agent's observation. */
  readonly #bytes: Uint8Array;
  readonly #masked: boolean;
  /** The last answer; null: none yet. */
  #last: StageState | null = null;

  private constructor(
    { id, spec }: RemoteStage,
    agent: PlayingAgent,
    send: (request: StageRequest) => Promise<Uint8Array>,
  ) {
    const { buffer, byteOffset, byteLength } = agent.observation;
    this.definition = { id, actionSpace: { n: spec.actions } };
    this.#agent = agent;
    this.#send = send;
    this.#bytes = new Uint8Array(buffer, byteOffset, byteLength);
    this.#masked = spec.masked === true;
    this.values = agent.values;
    this.mask = agent.mask;
    this.distributions = agent.distributions;
  }

  /**
   * Sets an agent up, before its first weights.
   *
   * @param send asks the stage, and gives the bytes that it answers. @throws Error: one sentence.
   * @throws ConfigError where the agent can't take the stage's states.
   */
  static async create(
    config: RunConfig,
    stage: RemoteStage,
    send: (request: StageRequest) => Promise<Uint8Array>,
  ): Promise<RemotePlay> {
    return new RemotePlay(stage, await PlayingAgent.create(config, stage.spec), send);
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
    return this.#last === null || this.#last.terminated || this.#last.truncated;
  }

  /** What people should know of the current state, as why it has no frame; '': nothing. */
  get note(): string {
    return this.#last?.note ?? '';
  }

  /**
   * Takes up weights; the current state is valued anew.
   * @throws Error where they are not those of this agent: it keeps those that it has.
   */
  load(tensors: NamedTensors): void {
    this.#agent.load(tensors);
    if (!this.isOver) this.#agent.lookAgain();
  }

  /** Begins episode `episode` of a seed. @throws Error where the stage can't. */
  async reset(seed: number, episode = 0): Promise<void> {
    const state = await this.#ask({ kind: 'reset', stage: this.#last?.stage ?? null, seed, episode });
    this.#take(state);
    this.#agent.begin();
  }

  /** Takes an action. Default: the greedy one. @throws Error where the stage can't, or the episode is over. */
  async step(action = this.greedy): Promise<PlayedStep> {
    if (this.isOver) throw new Error('The episode is over: reset begins another.');
    const state = await this.#ask({ kind: 'step', stage: this.#last!.stage, action });
    this.#agent.shift();
    this.#take(state);
    this.#agent.look();
    const { reward, terminated, truncated } = state;
    return { reward, terminated, truncated };
  }

  /** The current state as pixels; undefined: there is no frame of it. */
  frame(): Frame | undefined {
    return this.#last?.frame ?? undefined;
  }

  async #ask(request: StageRequest): Promise<StageState> {
    const mask = this.#masked ? this.mask.length : 0;
    return decodeStageState(await this.#send(request), { observation: this.#bytes.length, mask });
  }

  #take(state: StageState): void {
    this.#bytes.set(state.observation);
    if (this.#masked) this.mask.set(state.mask);
    this.#last = state;
  }
}
