import {
  createGeneration,
  type Decoding,
  type Generation,
  type JudgedToken,
  TokenJudge,
  tokenSelector,
} from '@qfleet/agents';
import type { TokenQRunConfig } from '@qfleet/config';
import type { TextDefinition } from '@qfleet/envs';
import type { Random } from '@qfleet/random';
import { textLayout } from '@qfleet/rollout';
import type { NamedTensors } from '@qfleet/tensor';

/** What an agent dialogue is made from. */
export interface AgentDialogueOptions {
  readonly config: TokenQRunConfig;
  readonly definition: TextDefinition;
  readonly parameters: NamedTensors;
  readonly decode: Decoding;
  readonly random: Random;
}

/** A dialogue of a trained agent with whoever plays its environment's part. */
export class AgentDialogue {
  readonly #options: AgentDialogueOptions;
  readonly #generation: Generation;
  /** The texts of both speakers, as far as they are read. */
  #texts: (readonly number[])[] = [];

  constructor(options: AgentDialogueOptions) {
    const { config, definition, parameters } = options;
    this.#options = options;
    this.#generation = createGeneration(config.agent, textLayout(definition), parameters, 1);
  }

  /** Forgets all that was said. */
  restart(): void {
    this.#texts = [];
  }

  /**
   * Answers a text, a token at a time; the last one ends the utterance, or it is the longest.
   *
   * @throws RangeError for what the tokenizer can't encode, or what leaves no room for an answer.
   */
  *answer(text: string): Generator<JudgedToken> {
    const { tokenizer, longestUtterance, legal } = this.#options.definition;
    this.#listen(tokenizer.encode(text));
    const utterance: number[] = [];
    const mask = new Uint8Array(tokenizer.size);
    const { config, decode, random } = this.#options;
    const judge = new TokenJudge(config.agent, decode);
    const slot = this.#generation.join(this.#texts.flat(), {
      select: judge.judging(tokenSelector(config.agent, { decode, random })),
      ...(legal === undefined
        ? {}
        : {
            legal: () => {
              mask.fill(0);
              for (const token of legal(utterance)) mask[token] = 1;
              return mask;
            },
          }),
    });
    try {
      while (utterance.length < longestUtterance && utterance.at(-1) !== tokenizer.end) {
        const [{ token }] = this.#generation.step([slot]);
        utterance.push(token);
        yield judge.judged(token);
      }
    } finally {
      this.#generation.leave(slot);
      this.#texts.push(utterance);
    }
  }

  /** Takes what is said to it in, and drops the oldest texts where they leave no room. */
  #listen(heard: readonly number[]): void {
    const { context, history, longestUtterance } = this.#options.definition;
    if (heard.length + longestUtterance > context)
      throw new RangeError(
        `That is ${heard.length} tokens, and a context of ${context} leaves ${context - longestUtterance}.`,
      );
    this.#texts.push(heard);
    const length = (): number => this.#texts.reduce((sum, text) => sum + text.length, 0);
    while (
      this.#texts.length > (history ?? Number.POSITIVE_INFINITY) ||
      length() + longestUtterance > context
    )
      this.#texts.shift();
  }
}
