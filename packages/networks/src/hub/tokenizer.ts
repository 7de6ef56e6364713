import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { ModelError } from '../language/model-error.ts';
import { exists, isObject, type JsonObject, readJsonObject } from './read-json.ts';

const FILE = 'tokenizer.json';
const SETTINGS = 'tokenizer_config.json';

/** Makes tokens of text and text of tokens, as a model's directory says. */
export class TextTokenizer {
  /** How many tokens it has: one more than the greatest. */
  readonly tokens: number;
  /** Its way of cutting words, as `BPE`. */
  readonly kind: string;
  /** What `tokenizer_config.json` says, as of a chat's template. */
  readonly settings: JsonObject;
  readonly #tokenizer: Tokenizer;
  /** How pieces of words are joined; null: the decoder is of another kind. */
  readonly #pieces: PieceJoin | null;

  private constructor(tokenizer: Tokenizer, kind: string, settings: JsonObject, pieces: PieceJoin | null) {
    this.#tokenizer = tokenizer;
    this.#pieces = pieces;
    this.kind = kind;
    this.settings = settings;
    this.tokens = [...tokenizer.get_vocab(true).values()].reduce(
      (most, token) => Math.max(most, token + 1),
      0,
    );
  }

  /**
   * The tokenizer of a directory; null where it has none.
   *
   * @throws ModelError where it can't be used.
   */
  static open(directory: string): TextTokenizer | null {
    const path = join(directory, FILE);
    if (!exists(path)) return null;
    const definition = readJsonObject(path);
    const { model } = definition;
    if (!isObject(model)) throw new ModelError(`${path} describes no tokenizer: it has no model.`);
    const settings = exists(join(directory, SETTINGS)) ? readJsonObject(join(directory, SETTINGS)) : {};
    try {
      const kind = typeof model['type'] === 'string' ? model['type'] : 'BPE';
      return new TextTokenizer(new Tokenizer(definition, settings), kind, settings, pieceJoin(definition));
    } catch (cause) {
      throw new ModelError(`${path} can't be used: ${(cause as Error).message}.`, { cause });
    }
  }

  /** @param special whether what the tokenizer puts around a text is added, as [CLS] and [SEP]. */
  encode(text: string, special = true): number[] {
    // It would make no tokens of an empty text, but leave out those around it.
    return this.#tokenizer.encode(text, { add_special_tokens: special }).ids;
  }

  /** The text without special tokens. */
  decode(tokens: readonly number[]): string {
    // It refuses to decode nothing.
    if (tokens.length === 0) return '';
    if (this.#pieces !== null) return joinPieces(this.#pieces, this.#texts(tokens));
    // Spaces are the text's own: none is taken away.
    return this.#tokenizer.decode([...tokens], {
      skip_special_tokens: true,
      clean_up_tokenization_spaces: false,
    });
  }

  /** Those of tokens that are not special. */
  #texts(tokens: readonly number[]): string[] {
    const added = this.#tokenizer.get_added_tokens_decoder();
    return tokens.flatMap((token) => {
      const text = this.#tokenizer.id_to_token(token);
      return text === undefined || added.get(token)?.special ? [] : [text];
    });
  }
}

/** How pieces of words become a text. */
interface PieceJoin {
  /** What a piece begins with that belongs to the word before. */
  readonly prefix: string;
  readonly cleansUp: boolean;
}

function pieceJoin({ decoder }: JsonObject): PieceJoin | null {
  if (!isObject(decoder) || decoder['type'] !== 'WordPiece') return null;
  const { prefix = '##', cleanup = true } = decoder;
  return { prefix: String(prefix), cleansUp: cleanup === true };
}

/** What loses the space before it, each piece by itself. The library takes the whole text, and so loses more of them. */
const CLOSE = /^ ([.?!,]|n't|'m|'s|'ve|'re)/;

function joinPieces({ prefix, cleansUp }: PieceJoin, pieces: readonly string[]): string {
  return pieces
    .map((piece, i) => {
      if (i === 0) return piece;
      const text = piece.startsWith(prefix) ? piece.slice(prefix.length) : ` ${piece}`;
      return cleansUp ? text.replace(CLOSE, '$1') : text;
    })
    .join('');
}
