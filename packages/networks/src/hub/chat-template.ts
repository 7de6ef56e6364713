import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Template } from '@huggingface/jinja';
import { ModelError } from '../language/model-error.ts';
import { exists, isObject, type JsonObject } from './read-json.ts';

const FILE = 'chat_template.jinja';

/** What one side of a dialogue says. */
export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** How a model was taught to read dialogues: Jinja, of `chat_template.jinja` or `tokenizer_config.json`. */
export class ChatTemplate {
  readonly #template: Template;
  /** Where it stands, for messages. */
  readonly #where: string;
  /** Tokens that a template may name, by name. */
  readonly #tokens: Readonly<Record<string, string>>;

  private constructor(template: Template, where: string, tokens: Readonly<Record<string, string>>) {
    this.#template = template;
    this.#where = where;
    this.#tokens = tokens;
  }

  /**
   * The template of a directory; null where it has none.
   *
   * @param settings what its `tokenizer_config.json` says.
   * @throws ModelError where it is no template.
   */
  static open(directory: string, settings: JsonObject): ChatTemplate | null {
    const path = join(directory, FILE);
    const inFile = exists(path);
    const source = inFile ? readFileSync(path, 'utf8') : templateOf(settings['chat_template']);
    if (source === null) return null;
    const tokens = Object.entries(settings).flatMap(([name, value]) => {
      const text = isObject(value) ? value['content'] : value;
      return name.endsWith('_token') && typeof text === 'string' ? [[name, text] as const] : [];
    });
    const where = inFile ? path : `${join(directory, 'tokenizer_config.json')}, chat_template`;
    try {
      return new ChatTemplate(new Template(source), where, Object.fromEntries(tokens));
    } catch (cause) {
      throw new ModelError(`${where} can't be read: ${(cause as Error).message}.`, { cause });
    }
  }

  /**
   * The dialogue as the model reads it, up to where its answer begins.
   *
   * @throws ModelError where the template asks for what is not there, or refuses the dialogue itself.
   */
  render(messages: readonly Message[]): string {
    try {
      return this.#template.render({ ...this.#tokens, messages, add_generation_prompt: true });
    } catch (cause) {
      throw new ModelError(`${this.#where} can't write this dialogue: ${(cause as Error).message}.`, {
        cause,
      });
    }
  }
}

/** A template, or that named `default` of several. */
function templateOf(given: unknown): string | null {
  if (typeof given === 'string') return given;
  if (!Array.isArray(given)) return null;
  const named = given.filter(isObject).find(({ name }) => name === 'default');
  return typeof named?.['template'] === 'string' ? named['template'] : null;
}
