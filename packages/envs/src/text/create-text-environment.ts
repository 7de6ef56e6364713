import type { Random } from '@qfleet/random';
import { describe } from '@qfleet/spaces';
import { ContractError, EnvironmentError, type EnvironmentPlace } from '../errors.ts';
import { callUser } from '../user-call.ts';
import type { TextDefinition, TextEnvironment, TextStep } from './text-environment.ts';
import { lengthProblem } from './text-length.ts';

/** Characters that a text of an environment may have. */
const MOST_CHARACTERS = 100_000;

/**
 * Makes one copy of a text environment, ready for a slot.
 *
 * - The limit of turns is applied: `truncated` is set on the step that reaches `maxTurns`, also when it terminates.
 * - A step between an episode's end and `reset` is refused, and so is a start that does not exist.
 * - Unless the definition is `native`, each answer is checked: a text that is none, is longer than 100,000 characters or than the
 *   context beside an utterance, or that the tokenizer cannot encode, an empty first text, a reward that is no finite float32, a flag that is no boolean; and what
 *   the environment itself throws is told with the line of its code.
 *
 * @param slot names the copy in errors.
 * @param episodes that the slot has begun before: those of this copy are counted on.
 * @throws EnvironmentError from all that it does, naming environment, slot, episode and turn (as its step): that
 *   utterance must not be stored, and the copy must be reset or made again.
 */
export function createTextEnvironment(
  definition: TextDefinition,
  random: Random,
  slot = 0,
  episodes = 0,
): TextEnvironment {
  if (definition.native)
    return new LimitedTextEnvironment(definition, definition.create(random), slot, episodes);
  const place = { environment: definition.id, slot, episode: episodes, step: 0 };
  const environment = callUser('create', place, () => definition.create(random));
  return new CheckedTextEnvironment(definition, environment, slot, episodes);
}

/** Holds the limit of turns and refuses what callers must not do. */
class LimitedTextEnvironment implements TextEnvironment {
  protected readonly definition: TextDefinition;
  protected readonly inner: TextEnvironment;
  readonly #slot: number;
  #episode: number;
  /** Utterances of this episode; −1: no episode has begun. */
  #turns = -1;

  constructor(definition: TextDefinition, inner: TextEnvironment, slot: number, episodes: number) {
    this.definition = definition;
    this.inner = inner;
    this.#slot = slot;
    this.#episode = episodes;
  }

  reset(start?: number): string {
    const { starts } = this.definition;
    this.#turns = -1;
    this.#episode++;
    if (start !== undefined && !(Number.isInteger(start) && start >= 0 && start < (starts ?? 0))) {
      throw new EnvironmentError(
        this.place(0),
        starts === null
          ? 'its starts are drawn: give none.'
          : `its starts are 0 to ${starts - 1}, not ${start}.`,
      );
    }
    const text = this.first(start);
    this.#turns = 0;
    return text;
  }

  step(utterance: string): TextStep {
    if (this.#turns < 0) {
      throw new EnvironmentError(this.place(0), 'no episode has begun: call reset before step.');
    }
    const turn = this.#turns + 1;
    const answer = this.next(utterance, turn);
    this.#turns = answer.terminated || answer.truncated || turn === this.definition.maxTurns ? -1 : turn;
    return turn === this.definition.maxTurns ? { ...answer, truncated: true } : answer;
  }

  setState(state: unknown): string {
    this.#turns = -1;
    this.#episode++;
    if (this.inner.setState === undefined) {
      throw new EnvironmentError(this.place(0), 'its state cannot be set: give a seed or a start instead.');
    }
    let text = '';
    try {
      text = this.inner.setState(state);
    } catch (cause) {
      throw new EnvironmentError(this.place(0), (cause as Error).message, { cause });
    }
    this.#turns = 0;
    return text;
  }

  close(): void {
    this.inner.close?.();
  }

  protected first(start?: number): string {
    return this.inner.reset(start);
  }

  protected next(utterance: string, _turn: number): TextStep {
    return this.inner.step(utterance);
  }

  protected place(turn: number): EnvironmentPlace {
    return { environment: this.definition.id, slot: this.#slot, episode: this.#episode, step: turn };
  }
}

/** Also checks what the environment says: for code that is not ours. */
class CheckedTextEnvironment extends LimitedTextEnvironment {
  protected override first(start?: number): string {
    return callUser('reset', this.place(0), () => {
      const text: unknown = this.inner.reset(start);
      this.#checkText(text, 'reset', true);
      if (text === '')
        throw new ContractError('its first text is empty: the agent needs a token to answer to.');
      return text;
    });
  }

  protected override next(utterance: string, turn: number): TextStep {
    return callUser('step', this.place(turn), () => {
      const { text, reward, terminated, truncated } = this.inner.step(utterance);
      this.#checkText(text, 'step', terminated !== true && truncated !== true);
      if (typeof reward !== 'number' || !Number.isFinite(Math.fround(reward))) {
        throw new ContractError(`the reward is ${describe(reward)}: it must be a finite float32.`);
      }
      for (const [name, flag] of [
        ['terminated', terminated],
        ['truncated', truncated],
      ] as const) {
        if (typeof flag !== 'boolean')
          throw new ContractError(`${name} is ${describe(flag)}: it must be true or false.`);
      }
      return { text, reward, terminated, truncated };
    });
  }

  override close(): void {
    callUser('close', this.place(0), () => super.close());
  }

  /** @param isAnswered whether an utterance follows. @throws ContractError */
  #checkText(text: unknown, call: string, isAnswered: boolean): asserts text is string {
    if (typeof text !== 'string')
      throw new ContractError(`the text of ${call} is ${describe(text)}: it must be a text.`);
    if (text.length > MOST_CHARACTERS) {
      throw new ContractError(
        `the text of ${call} has ${text.length} characters: it must have at most ${MOST_CHARACTERS}.`,
      );
    }
    // Half of a pair of UTF-16 units is no character.
    if (!text.isWellFormed()) throw new ContractError(`the text of ${call} is not valid Unicode.`);
    let tokens: number;
    try {
      tokens = this.definition.tokenizer.encode(text).length;
    } catch (cause) {
      throw new ContractError(
        `the text of ${call} can't be encoded: ${(cause as Error).message}. The vocabulary must cover all that is said.`,
        { cause },
      );
    }
    const problem = lengthProblem(tokens, this.definition, isAnswered);
    if (problem !== null) throw new ContractError(`the text of ${call} ${problem}`);
  }
}
