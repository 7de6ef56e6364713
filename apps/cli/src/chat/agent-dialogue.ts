import { createGeneration, type Decoding, type Generation, tokenSelector } from '@qfleet/agents';
import type { TokenQRunConfig } from '@qfleet/config';
import type { TextDefinition } from '@qfleet/envs';
import type { Random } from '@qfleet/random';
import { textLayout } from '@qfleet/rollout';
import type { NamedTensors } from '@qfleet/tensor';

/** A token of an answer, and what the agent made of it. */
export interface SaidToken {
  readonly token: number;
  /** Q of it, by the lesser head; null: the agent has no values, or no other token was legal. */
  readonly q: number | null;
  /** V of the text before it: the head's, or else the largest Q that was legal. */
  readonly v: number | null;
  /** The likeliest others by the agent's policy, with their Q. */
  readonly others: readonly { readonly token: number; readonly q: number | null }[];
}

/** Tokens that are told of beside the one that was said. */
const OTHERS = 3;

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
  *answer(text: string): Generator<SaidToken> {
    const { tokenizer, longestUtterance, legal } = this.#options.definition;
    this.#listen(tokenizer.encode(text));
    const utterance: number[] = [];
    const mask = new Uint8Array(tokenizer.size);
    let said: Omit<SaidToken, 'token'> | null = null;
    const { config, decode, random } = this.#options;
    const choose = tokenSelector(config.agent, { decode, random });
    const slot = this.#generation.join(this.#texts.flat(), {
      select: (outputs, allowed) => {
        const token = choose(outputs, allowed);
        said = judged(outputs, allowed, token, config.agent.beta);
        return token;
      },
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
        said = null;
        const [{ token }] = this.#generation.step([slot]);
        utterance.push(token);
        yield { token, ...(said ?? { q: null, v: null, others: [] }) };
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

/** What an agent makes of the tokens that may come next. */
function judged(
  { logits, values }: Parameters<ReturnType<typeof tokenSelector>>[0],
  allowed: Uint8Array | undefined,
  token: number,
  beta: number,
): Omit<SaidToken, 'token'> {
  const { q1, q2 = q1, v } = values;
  const legal = [...logits.keys()].filter((each) => allowed === undefined || allowed[each] !== 0);
  const q = (each: number): number | null => (q1 === undefined ? null : Math.min(q1[each], q2![each]));
  const score = (each: number): number => logits[each] + beta * (q(each) ?? 0);
  const others = legal.filter((each) => each !== token).sort((a, b) => score(b) - score(a));
  const largest = q1 === undefined ? null : legal.reduce((most, each) => Math.max(most, q(each)!), -Infinity);
  return {
    q: q(token),
    v: v === undefined ? largest : v[0],
    others: others.slice(0, OTHERS).map((each) => ({ token: each, q: q(each) })),
  };
}
