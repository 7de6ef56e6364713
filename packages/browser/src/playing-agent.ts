import {
  type ActingRows,
  createDistributions,
  createPolicy,
  type Distributions,
  type Policy,
} from '@qfleet/agents';
import type { RunConfig } from '@qfleet/config';
import { Random } from '@qfleet/random';
import {
  elementsOf,
  type Memory,
  type ObservationArray,
  observationArrays,
  type StateSpec,
} from '@qfleet/spaces';
import type { NamedTensors } from '@qfleet/tensor';

/** The agent of a run, shown the observations of an episode one after the other: what it makes of the current state. */
export class PlayingAgent {
  /** The newest observation, which the caller writes before `begin` and `look`. */
  readonly observation: ObservationArray;
  /** Q(s, ·) of the current state, [actions]. */
  readonly values: Float32Array;
  /** 1 for each action that may be taken in the current state, which the caller writes as well. */
  readonly mask: Uint8Array;
  /** What the network says of each action's return, [actions, places]; null: its values alone. */
  readonly distributions: Float32Array | null;
  readonly #policy: Policy;
  readonly #spread: Distributions | null;
  /** [frames, …observationShape], oldest first. */
  readonly #state: ObservationArray;
  readonly #rows: ActingRows;
  /** What the policy remembered before it saw the current state. */
  readonly #before: Memory;

  private constructor(spec: StateSpec, policy: Policy, spread: Distributions | null) {
    const { actions, frames, dtype, masked = false } = spec;
    const size = elementsOf(spec.shape);
    this.#policy = policy;
    this.#spread = spread;
    this.values = new Float32Array(actions);
    this.mask = new Uint8Array(actions).fill(1);
    this.distributions = spread && new Float32Array(actions * spread.places.length);
    this.#state = new observationArrays[dtype](frames * size);
    this.observation = this.#state.subarray((frames - 1) * size);
    this.#before = policy.memory(1);
    this.#rows = {
      count: 1,
      states: this.#state,
      begins: new Int32Array(1),
      memory: policy.memory(1),
      masks: masked ? this.mask : null,
      epsilons: new Float32Array(1),
      // Never drawn from: ε is 0.
      random: new Random(0),
      actions: new Int32Array(1),
      values: this.values,
    };
  }

  /** @throws ConfigError where the agent can't take such states. */
  static async create({ agent }: RunConfig, spec: StateSpec): Promise<PlayingAgent> {
    const policy = await createPolicy({ config: agent, spec });
    const spread =
      agent.kind === 'tabular' || agent.kind === 'token-q'
        ? null
        : await createDistributions({ config: agent, spec });
    return new PlayingAgent(spec, policy, spread);
  }

  /** How the distributions are to be read; null: there are none. */
  get spread(): Pick<Distributions, 'kind' | 'places'> | null {
    return this.#spread;
  }

  /** The action of the largest value, the lowest of a tie. */
  get greedy(): number {
    return this.#rows.actions[0];
  }

  /** Takes up weights. @throws Error where they are not those of this agent: it keeps those that it has. */
  load(tensors: NamedTensors): void {
    this.#policy.load(tensors);
    this.#spread?.load(tensors);
  }

  /** The observation is an episode's first. */
  begin(): void {
    const size = this.observation.length;
    // Before an episode's first frame is that frame again, as actors have it.
    for (let at = 0; at < this.#state.length - size; at += size) this.#state.set(this.observation, at);
    this.#rows.begins[0] = 1;
    this.#rows.memory.clear();
    this.#look(true);
  }

  /** Makes room for the next observation of the episode. */
  shift(): void {
    this.#rows.begins[0] = 0;
    this.#state.copyWithin(0, this.observation.length);
  }

  /** The next observation is there. */
  look(): void {
    this.#look(true);
  }

  /** Values the current state anew, with other weights. */
  lookAgain(): void {
    this.#look(false);
  }

  /** @param moves whether what the policy remembers moves on: once a state. */
  #look(moves: boolean): void {
    const rows = this.#rows;
    if (!moves) rows.memory.set(this.#before);
    else this.#before.set(rows.memory);
    if (this.#spread !== null) {
      const memory = this.#spread.memory(1);
      memory.set(rows.memory);
      this.#spread.run({ ...rows, memory }, this.distributions!);
    }
    this.#policy.act(rows);
  }
}
