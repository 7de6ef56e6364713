import type { Random } from '@qfleet/random';
import type { Legal } from './legal-utterances.ts';
import type { Tokenizer } from './tokenizer.ts';

/** What the environment answers to an utterance. */
export interface TextStep {
  /** Empty where there is nothing more to say. */
  readonly text: string;
  /** Given at the utterance's last token. */
  readonly reward: number;
  /** The episode reached a terminal state: the value after it is 0. */
  readonly terminated: boolean;
  /** The episode was cut: the value after it is bootstrapped. */
  readonly truncated: boolean;
}

/** One copy of an environment that speaks. All its randomness comes from the stream it was created with. */
export interface TextEnvironment {
  /**
   * Starts an episode and says its first text, which is never empty.
   *
   * @param start of 0 to `starts` − 1 of the definition. Absent: one is drawn.
   */
  reset(start?: number): string;
  /** Answers an utterance of the agent, given without the token that ends it. */
  step(utterance: string): TextStep;
  /**
   * Begins an episode in a given state, and says its first text (`qfleet env trace`).
   *
   * @throws RangeError for what is no state of this environment.
   */
  setState?(state: unknown): string;
  close?(): void;
}

/** Who wrote a text. */
export type Speaker = 'agent' | 'environment';

/** One text of an episode. */
export interface Turn {
  readonly who: Speaker;
  /** An agent's is without the token that ends it. */
  readonly text: string;
  /** What the agent's utterance was rewarded with; the environment's texts have 0. */
  readonly reward: number;
}

/** A whole episode: it begins with a text of the environment, and ends one way or the other. */
export interface TextEpisode {
  readonly turns: readonly Turn[];
  readonly terminated: boolean;
  readonly truncated: boolean;
}

/** A scripted agent: it hears each text of the environment, and says what to answer. */
export interface TextPolicy {
  /** Begins an episode. */
  reset(): void;
  answer(heard: string): string;
}

/** How a task's data are made. */
export interface TextData {
  /** The number of episodes that training is given where nothing else is asked for. */
  readonly episodes: number;
  /** Plays one episode, with all randomness drawn from `random`. */
  generate(random: Random): TextEpisode;
}

/** What is known of a text environment without making one, and how to make one. */
export interface TextDefinition {
  readonly kind: 'text';
  readonly id: string;
  /** Ours, and proven by tests: `createTextEnvironment` leaves out the checks of what it says. */
  readonly native?: boolean;
  /** A sentence for `qfleet envs`. */
  readonly summary: string;
  readonly tokenizer: Tokenizer;
  /** The most tokens, of both speakers, that an agent reads at once, its utterance included. Of more it reads the last. */
  readonly context: number;
  /** The number of texts before its utterance, of either speaker, that the agent reads; `null`: all of the episode. */
  readonly history: number | null;
  /** Tokens after which an utterance is cut, the one that ends it included. */
  readonly longestUtterance: number;
  /** Utterances after which an episode is truncated; `null`: never. Applied by `createTextEnvironment`. */
  readonly maxTurns: number | null;
  /** The number of different starts, which evaluations play one after the other; `null`: they are drawn. */
  readonly starts: number | null;
  /** All utterances that are legal, where they can be listed: with another tokenizer, `legal` is made of them. */
  readonly utterances?: readonly string[];
  /** Which tokens may come next. Absent: all. */
  readonly legal?: Legal;
  /** The least and the largest return of an episode; `null`: not known. */
  readonly returns: readonly [least: number, largest: number] | null;
  /** The mean returns that are known, each over the definition's own starts. */
  readonly known: KnownReturns;
  readonly data?: TextData;
  /** Makes the scripted agent that bounds what can be reached. */
  bound?(random: Random): TextPolicy;
  create(random: Random): TextEnvironment;
}

/** Mean returns of a task; absent: not known. */
export interface KnownReturns {
  /** That of the policy that makes the data. */
  readonly data?: number;
  /** That of the scripted bound, or the best possible where it can be computed. */
  readonly bound?: number;
}
