import { createPolicy, type Policy } from '@qfleet/agents';
import { Random } from '@qfleet/random';
import type { Memory, ObservationArray } from '@qfleet/spaces';
import { describePolicy, type PolicyDescription } from './describe.ts';
import { Episode } from './episode.ts';
import { InputError, type Numbers, readBatch, readMasks, readStates } from './read-numbers.ts';
import { type ReadOptions, readTrained, type Trained } from './trained.ts';

/** What `act` may be told beside the state. */
export interface ActOptions {
  /** Whether each action may be chosen. Left out: all may. */
  readonly mask?: Numbers | undefined;
}

/** What `actBatch` may be told beside the states. */
export interface BatchOptions {
  /** [rows, actions]: of each action, whether it may be chosen. Left out: all may. */
  readonly masks?: Numbers | undefined;
  /** What the rows remember, which moves on by a step; needed by a policy that remembers. */
  readonly memory?: Memory | undefined;
}

/** What a policy chose for a state. */
export interface Decision {
  /** The allowed action of the largest value, the lowest of a tie. */
  readonly action: number;
  /** Q(s, a) of each action. */
  readonly values: Float32Array;
}

/** What a policy chose for some rows. */
export interface Decisions {
  /** [rows], as `action` of a decision. */
  readonly actions: Int32Array;
  /** Q(s, a) of each action, [rows, actions], row by row. */
  readonly values: Float32Array;
}

/** A trained policy, which acts greedily, as evaluations do. */
export class LoadedPolicy {
  /** What it takes and gives. */
  readonly description: PolicyDescription;
  readonly #layout: Trained['layout'];
  readonly #policy: Policy;
  readonly #random = new Random(0);

  private constructor(trained: Trained, policy: Policy) {
    this.description = describePolicy(trained);
    this.#layout = trained.layout;
    this.#policy = policy;
  }

  /** The policy of what a run has learned. */
  static async of(trained: Trained): Promise<LoadedPolicy> {
    const { config, layout, checkpoint } = trained;
    const policy = await createPolicy({ config: config.agent, spec: layout });
    policy.load(checkpoint.parameters);
    return new LoadedPolicy(trained, policy);
  }

  /** Whether it remembers from step to step: it acts within an `episode`, or in batches with a `memory`. */
  get remembers(): boolean {
    return this.description.memory.length > 0;
  }

  /**
   * The action for a state.
   *
   * @param state its numbers in a list, or in lists as its shape is; where frames are stacked, all of them, oldest first.
   * @throws InputError for what is no state or no mask of this policy, and where it remembers.
   */
  act(state: Numbers, options: ActOptions = {}): number {
    return this.decide(state, options).action;
  }

  /** The action for a state, and Q(s, a) of each; as `act`. */
  decide(state: Numbers, { mask }: ActOptions = {}): Decision {
    if (this.remembers) {
      throw new InputError(
        'This policy remembers what it saw: let an episode() act, or give actBatch a memory().',
      );
    }
    const { states, count } = readStates(state, this.#layout);
    if (count !== 1) throw new InputError(`${count} states were given, and one is asked for: take actBatch.`);
    return this.one(
      states,
      mask === undefined ? null : readMasks(mask, 1, this.#layout.actions),
      this.memory(1),
    );
  }

  /**
   * The actions for several states, and Q(s, a) of each.
   *
   * @param states a list of them, each as `act` takes it, or the numbers of all in one array.
   * @throws InputError as `act` does, and where a policy that remembers is given no memory.
   */
  actBatch(states: Numbers, { masks, memory }: BatchOptions = {}): Decisions {
    const read = readBatch(states, this.#layout);
    const { count } = read;
    if (this.remembers && memory === undefined) {
      throw new InputError(
        `This policy remembers what it saw: give actBatch a memory(${count}), which it moves on.`,
      );
    }
    const allowed = masks === undefined ? null : readMasks(masks, count, this.#layout.actions);
    return this.#run(read.states, count, allowed, memory ?? this.memory(count));
  }

  /** What so many rows remember at the beginning of their episodes. */
  memory(rows: number): Memory {
    return this.#policy.memory(rows);
  }

  /** An episode, in which it is given single observations: it stacks frames and remembers. */
  episode(): Episode {
    return new Episode(this, this.#layout);
  }

  /** The decision for a state that was checked. */
  one(state: ObservationArray, masks: Uint8Array | null, memory: Memory): Decision {
    const { actions, values } = this.#run(state, 1, masks, memory);
    return { action: actions[0], values };
  }

  #run(states: ObservationArray, count: number, masks: Uint8Array | null, memory: Memory): Decisions {
    const { actions: width } = this.#layout;
    const decisions = { actions: new Int32Array(count), values: new Float32Array(count * width) };
    this.#policy.act({
      ...{ count, states, memory, masks, ...decisions, random: this.#random },
      begins: new Int32Array(count),
      epsilons: new Float32Array(count),
    });
    if (decisions.values.every(Number.isFinite)) return decisions;
    throw new InputError(
      'The network’s values are not finite for this observation: its numbers are too large.',
    );
  }
}

/**
 * The policy that a run has learned, from its best checkpoint or the newest. The run's environment is not started.
 *
 * @param path of the run directory.
 * @throws as `readTrained`, and TensorRuntimeError where its network needs a TensorFlow that can't run here.
 */
export async function loadPolicy(path: string, options: ReadOptions = {}): Promise<LoadedPolicy> {
  return LoadedPolicy.of(await readTrained(path, options));
}
