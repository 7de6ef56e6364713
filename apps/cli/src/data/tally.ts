import { returnOf, type TextDefinition, type TextEpisode } from '@qfleet/envs';
import { counted, integer } from '../terminal/output.ts';

/** What is known of data without reading them again. */
export interface DataSummary {
  readonly task: string;
  readonly episodes: number;
  /** Tokens, those that end utterances included. */
  readonly tokens: number;
  readonly agentTokens: number;
  readonly meanReturn: number;
  /** The standard error of the mean; null: of one episode. */
  readonly standardError: number | null;
}

/** Counts episodes as they pass. */
export class Tally {
  readonly #definition: TextDefinition;
  #episodes = 0;
  #tokens = 0;
  #agentTokens = 0;
  #mean = 0;
  /** The sum of squared deviations from the mean (Welford, 1962). */
  #squares = 0;

  constructor(definition: TextDefinition) {
    this.#definition = definition;
  }

  add(episode: TextEpisode): void {
    for (const { who, text } of episode.turns) {
      const tokens = this.#definition.tokenizer.encode(text).length + (who === 'agent' ? 1 : 0);
      this.#tokens += tokens;
      if (who === 'agent') this.#agentTokens += tokens;
    }
    const total = returnOf(episode);
    const apart = total - this.#mean;
    this.#mean += apart / ++this.#episodes;
    this.#squares += apart * (total - this.#mean);
  }

  get summary(): DataSummary {
    const episodes = this.#episodes;
    return {
      task: this.#definition.id,
      episodes,
      tokens: this.#tokens,
      agentTokens: this.#agentTokens,
      meanReturn: this.#mean,
      standardError: episodes < 2 ? null : Math.sqrt(this.#squares / (episodes - 1) / episodes),
    };
  }
}

/** A summary as a person reads it, for the end of a sentence. */
export function describeData({
  episodes,
  tokens,
  agentTokens,
  meanReturn,
  standardError,
}: DataSummary): string {
  const error = standardError === null ? '' : ` ± ${standardError.toFixed(3)}`;
  return (
    `${counted(episodes, 'episode')}, ${integer(tokens)} tokens, ${integer(agentTokens)} of them the agent's, ` +
    `mean return ${meanReturn.toFixed(3)}${error}`
  );
}
