import type { UpdateStats } from '@qfleet/agents';
import type { AgentConfig, DqnConfig } from '@qfleet/config';
import type { TrainedOn } from './divergence.ts';

/** The agent's number that is watched: the part of a call's rows whose targets lie outside of its objective's range. */
const OUTSIDE = 'targetsOutside';

/** Updates over which the part is taken. */
const WINDOW = 1_000;

/** The part from which it is said. */
const MOST = 0.01;

/** Watches that the range of a histogram holds the targets, and says once what to set where it does not. */
export class SupportWatch {
  readonly #config: AgentConfig;
  readonly #warn: (sentence: string) => void;
  #isDone = false;
  #updates = 0;
  #outside = 0;
  /** The least and the largest n-step return so far; where rows are sequences, reward. */
  #least = 0;
  #largest = 0;

  /** @param warn told, in one sentence, of targets outside of the range. */
  constructor(config: AgentConfig, warn: (sentence: string) => void) {
    this.#config = config;
    this.#warn = warn;
  }

  afterCall(data: readonly TrainedOn[], { numbers }: UpdateStats): void {
    const part = numbers[OUTSIDE];
    if (part === undefined || this.#isDone) return;
    for (const each of data) {
      const returns = each.returns ?? each.rewards ?? [];
      for (let row = 0; row < returns.length; row++) {
        if (returns[row] < this.#least) this.#least = returns[row];
        else if (returns[row] > this.#largest) this.#largest = returns[row];
      }
    }
    this.#updates += data.length;
    this.#outside += part * data.length;
    if (this.#updates < WINDOW) return;
    const mean = this.#outside / this.#updates;
    this.#updates = 0;
    this.#outside = 0;
    if (mean < MOST) return;
    this.#isDone = true;
    this.#warn(this.#sentence(mean));
  }

  #sentence(part: number): string {
    const { objective } = this.#config as DqnConfig;
    const { low, high } = objective as Extract<typeof objective, { low: number }>;
    const [least, largest] = [this.#bound(this.#least), this.#bound(this.#largest)];
    const range = Number.isFinite(largest - least)
      ? `as agent.objective.low=${least} and agent.objective.high=${largest}, the bounds that its rewards and agent.discount have`
      : 'which the environment’s rewards tell';
    return (
      `${Math.round(100 * part)} % of the targets of ${WINDOW} updates lie outside of agent.objective.low … high, ` +
      `${low} … ${high}, and count as its ends: start a run with a range that holds every return, ${range}.`
    );
  }

  get #isOfSequences(): boolean {
    return (this.#config as DqnConfig).sequence !== null;
  }

  /** What a value can be at the most, where every return of n steps is `most`; on the scale of values, of two digits. */
  #bound(most: number): number {
    const { discount, nSteps, valueRescaling } = this.#config as DqnConfig;
    const sum = most === 0 ? 0 : most / (1 - discount ** (this.#isOfSequences ? 1 : nSteps));
    const size = Math.abs(sum);
    const value = valueRescaling === null ? size : Math.sqrt(size + 1) - 1 + valueRescaling * size;
    return Math.sign(sum) * roundedUp(value);
  }
}

/** The next larger number of two digits. */
function roundedUp(value: number): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
  // Less what the division rounds up.
  return Number((Math.ceil(value / unit - 1e-9) * unit).toPrecision(2));
}
