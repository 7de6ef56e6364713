import type { UpdateStats } from '@qfleet/agents';
import type { AgentConfig } from '@qfleet/config';
import type { NamedTensors } from '@qfleet/tensor';
import { firstNonFinite } from './finite.ts';

/** Training has left the finite numbers. The message is one sentence: at which update, from what, what to set. */
export class DivergenceError extends Error {
  override readonly name = 'DivergenceError';
}

/** What an agent learned from: transitions, sequences or a round, of which some of these columns are there. */
export interface TrainedOn {
  /** Absent: states are texts. */
  readonly observations?: ArrayLike<number>;
  readonly nextObservations?: ArrayLike<number>;
  readonly rewards?: Float32Array;
  /** Sums over several steps of reward. */
  readonly returns?: Float32Array;
}

/** A call of the agent that was just made. */
export interface UpdateCall {
  /** Updates before it. */
  readonly updates: number;
  /** Updates of it. */
  readonly count: number;
  /** What each update learned from, or one for all of them. */
  readonly data: readonly TrainedOn[];
  readonly stats: UpdateStats;
}

/** Calls in a row whose gradients may overflow: clipping to 0 keeps the parameters as they are, and teaches nothing. */
const MOST_LOST_CALLS = 100;

/** Watches that a learner's numbers stay finite, at next to no cost for a call where they do. */
export class DivergenceWatch {
  readonly #config: AgentConfig;
  #lost = 0;
  #last: UpdateCall | null = null;

  constructor(config: AgentConfig) {
    this.#config = config;
  }

  /**
   * Looks at a call's own figures, and only where they are not finite at the agent's whole state.
   *
   * @param state of the agent.
   * @throws DivergenceError
   */
  afterCall(call: UpdateCall, state: () => NamedTensors): void {
    this.#last = call;
    const { fault, numbers } = call.stats;
    if (fault === null) {
      this.#lost = 0;
      return;
    }
    const bad = firstNonFinite(state());
    if (bad !== null) throw this.#error(`${bad} is no longer finite`);
    if (!Number.isFinite(numbers['meanAbsTdError'])) throw this.#error('the targets are not finite');
    if (++this.#lost >= MOST_LOST_CALLS) {
      throw this.#error(
        `the gradients overflowed ${MOST_LOST_CALLS} times in a row, so that nothing is learned`,
      );
    }
  }

  /**
   * Looks at tensors that are about to leave the learner.
   * @throws DivergenceError
   */
  beforeLeaving(tensors: NamedTensors): void {
    const bad = firstNonFinite(tensors);
    if (bad !== null) throw this.#error(`${bad} is no longer finite`);
  }

  #error(what: string): DivergenceError {
    const agent = this.#config;
    const last = this.#last;
    const place = last === null ? 'before the first update' : `at update ${updateOf(last)}`;
    const figures = last === null ? '' : ` (${figuresOf(last, agent)})`;
    return new DivergenceError(`Training diverged ${place}: ${what}${figures}; ${remedyFor(agent)}.`);
  }
}

/** The first update that went wrong, counted from 1; the call's last where none shows. */
const updateOf = ({ updates, count, stats }: UpdateCall): number =>
  updates + (stats.fault === null ? count : stats.fault.batch + 1);

function figuresOf({ count, data, stats }: UpdateCall, agent: AgentConfig): string {
  const isApart = data.length === count;
  const faulty = stats.fault !== null && isApart ? [data[stats.fault.batch]] : data;
  const loss = stats.fault?.loss ?? stats.numbers['loss'];
  const gradientNorm = stats.fault ? stats.fault.gradientNorm : (stats.numbers['gradientNorm'] ?? null);
  const steps = agent.kind === 'dqn' ? agent.nSteps : 1;
  const rewards = faulty.map((each) => largest(each.returns ?? each.rewards ?? []));
  const observations = faulty.map((each) =>
    largest(each.observations ?? [], largest(each.nextObservations ?? [])),
  );
  return [
    `loss ${short(loss)}`,
    ...(gradientNorm === null ? [] : [`gradient norm ${short(gradientNorm)}`]),
    `largest |reward| of the ${isApart ? 'batch' : 'round'} ${short(Math.max(...rewards))}${steps > 1 ? ` over ${steps} steps` : ''}`,
    ...(agent.kind === 'token-q' ? [] : [`largest |observation| ${short(Math.max(...observations))}`]),
  ].join(', ');
}

function remedyFor(agent: AgentConfig): string {
  const lower = `a lower agent.learningRate than ${agent.learningRate}`;
  const scale = `or have the environment give smaller rewards${agent.kind === 'token-q' ? '' : ' and observations'}`;
  if (agent.kind === 'tabular') return `set ${lower} or agent.discount below ${agent.discount}, ${scale}`;
  const settings = [
    ...(agent.kind === 'dqn' && agent.objective.kind === 'expected' && agent.loss === 'mse'
      ? ['agent.loss=huber']
      : []),
    ...(agent.gradientClip === null ? ['agent.gradientClip=10'] : []),
    lower,
  ];
  return `set ${settings.join(', ')}, ${scale}`;
}

/** The largest magnitude among `values` and `least`; NaN where there is one. */
function largest(values: ArrayLike<number>, least = 0): number {
  let most = least;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]));
  return most;
}

const short = (value: number): string => String(Number(value.toPrecision(3)));
