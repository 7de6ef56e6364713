import type { NamedTensors } from '@qfleet/tensor';
import { languageNetwork } from '../../language/language-network.ts';
import { scoreScale, type TransformerShape } from '../../language/transformer-shape.ts';
import { checkParameters, type ParameterSpec } from '../../parameters.ts';
import { AttentionMemory } from '../attention/attention-memory.ts';
import type { Decoder, TokenHead, TokenOutputs, TokenSteps } from './decoder.ts';
import { HeadStack } from './head-stack.ts';
import { Addresses, type Matrix, PanelMemory } from './panel-memory.ts';
import { activateRow, type NormWeights, normalizeRow } from './row-functions.ts';
import { RowRotation } from './row-rotation.ts';
import { SlotCache } from './slot-cache.ts';

/** Rows that go through the layers together: a layer's weights are read from memory once for them. */
const MOST_ROWS = 64;

/** Rows whose logits are computed together. */
const HEAD_ROWS = 16;

interface Layer {
  readonly attentionInput: Matrix;
  readonly attentionOutput: Matrix;
  readonly mlpInput: Matrix;
  readonly mlpOutput: Matrix;
}

/** What of the parameters stays outside of the memory of panels. */
interface Loaded {
  /** Those of each layer: of its attention, and of its hidden layer. */
  readonly norms: readonly { readonly attention: NormWeights; readonly mlp: NormWeights }[];
  readonly finalNorm: NormWeights;
  /** [vocabulary, width]; null: they are the head's. */
  readonly embedding: Float32Array | null;
  /** [context, width]; null: places enter by rotation. */
  readonly places: Float32Array | null;
}

/** The addresses of rows that layers compute in. */
interface Rows {
  /** [MOST_ROWS, width]: what goes from layer to layer; its norm; what attention and hidden layer add. */
  readonly features: number;
  readonly normed: number;
  readonly attended: number;
  readonly thought: number;
  /** [MOST_ROWS, …]: queries, keys and values; what they make; the hidden layer, and that when active. */
  readonly joined: number;
  readonly mixed: number;
  readonly hidden: number;
  readonly active: number;
  /** [HEAD_ROWS, …]: final features of tokens that want logits, and these. */
  readonly final: number;
  readonly logits: number;
}

/**
 * A decoder whose dense layers and attention are in WebAssembly, the rest in plain loops, without tfjs. A row's numbers do not
 * depend on the rows beside it.
 */
export class DecoderKernel implements Decoder {
  readonly shape: TransformerShape;
  readonly slots: number;
  readonly #parameters: readonly ParameterSpec[];
  readonly #memory: PanelMemory;
  readonly #layers: readonly Layer[];
  readonly #head: Matrix;
  readonly #stacks: readonly HeadStack[];
  readonly #rotation: RowRotation | null;
  readonly #attention: AttentionMemory;
  readonly #caches: readonly SlotCache[];
  readonly #rows: Rows;
  #loaded: Loaded;

  /**
   * Copies the parameters in.
   *
   * @param tensors those of `languageNetwork(shape)`, of a decoder, and of the heads.
   * @param slots texts that it remembers at once.
   * @param heads what is computed of each token beside the logits.
   * @throws ModelError for a model that is larger than a WebAssembly memory.
   */
  constructor(
    shape: TransformerShape,
    tensors: NamedTensors,
    slots: number,
    heads: readonly TokenHead[] = [],
  ) {
    const { width, vocabulary, layers, keyValueHeads, headSize, inner, gated, positions } = shape;
    const [queries, shared] = [shape.heads * headSize, keyValueHeads * headSize];
    const joined = queries + 2 * shared;
    const hidden = gated ? 2 * inner : inner;
    const addresses = new Addresses();
    this.shape = shape;
    this.slots = slots;
    this.#parameters = [languageNetwork(shape), ...heads].flatMap(({ parameters }) => parameters);
    checkParameters(this.#parameters, tensors);
    this.#layers = Array.from({ length: layers }, () => ({
      attentionInput: addresses.matrix(width, joined),
      attentionOutput: addresses.matrix(queries, width),
      mlpInput: addresses.matrix(width, hidden),
      mlpOutput: addresses.matrix(inner, width),
    }));
    this.#head = addresses.matrix(width, vocabulary);
    this.#stacks = heads.map((head) => new HeadStack(head, tensors, addresses, HEAD_ROWS));
    const rows = (size: number) => addresses.rows(MOST_ROWS, size);
    this.#rows = {
      ...{ features: rows(width), normed: rows(width), attended: rows(width), thought: rows(width) },
      ...{ joined: rows(joined), mixed: rows(queries), hidden: rows(hidden), active: rows(inner) },
      ...{ final: addresses.rows(HEAD_ROWS, width), logits: addresses.rows(HEAD_ROWS, vocabulary) },
    };
    const widest = Math.max(width, queries, inner, ...this.#stacks.map((stack) => stack.widest));
    this.#memory = new PanelMemory(addresses, widest);
    this.#rotation = positions.kind === 'rotary' ? new RowRotation(positions, headSize) : null;
    this.#attention = new AttentionMemory(shape, shape.context);
    this.#caches = Array.from({ length: slots }, () => new SlotCache(this.#attention, layers));
    this.#loaded = this.#write(tensors);
  }

  load(tensors: NamedTensors): void {
    checkParameters(this.#parameters, tensors);
    this.#loaded = this.#write(tensors);
    for (const cache of this.#caches) cache.clear();
  }

  clear(slot: number): void {
    this.#caches[slot].clear();
  }

  run(steps: TokenSteps, take: (index: number, outputs: TokenOutputs) => void): void {
    for (let row = 0; row < steps.count; row++)
      this.#caches[steps.slots[row]].reserve(steps.positions[row] + 1);
    for (let first = 0; first < steps.count; first += MOST_ROWS) {
      const count = Math.min(MOST_ROWS, steps.count - first);
      this.#embed(steps, first, count);
      for (let layer = 0; layer < this.#layers.length; layer++) this.#block(layer, steps, first, count);
      this.#outputs(steps, first, count, take);
    }
  }

  #write(tensors: NamedTensors): Loaded {
    const data = (name: string): Float32Array => tensors.get(name)!.data;
    const write = (matrix: Matrix, name: string) =>
      this.#memory.write(matrix, data(`${name}/kernel`), tensors.get(`${name}/bias`)?.data);
    for (const [i, layer] of this.#layers.entries()) {
      write(layer.attentionInput, `layer${i}/attention/input`);
      write(layer.attentionOutput, `layer${i}/attention/output`);
      write(layer.mlpInput, `layer${i}/mlp/input`);
      write(layer.mlpOutput, `layer${i}/mlp/output`);
    }
    const { head, positions } = this.shape;
    const vectors = data(head!.tied ? 'embedding/tokens' : 'head/tokens');
    this.#memory.writeTransposed(this.#head, vectors, tensors.get('head/bias')?.data);
    for (const stack of this.#stacks) stack.write(this.#memory, tensors);
    const norm = (name: string): NormWeights => ({
      gain: data(`${name}/norm/gain`).slice(),
      bias: tensors.get(`${name}/norm/bias`)?.data.slice(),
    });
    return {
      norms: this.#layers.map((_, i) => ({
        attention: norm(`layer${i}/attention`),
        mlp: norm(`layer${i}/mlp`),
      })),
      finalNorm: norm('final'),
      embedding: head!.tied ? null : data('embedding/tokens').slice(),
      places: positions.kind === 'learned' ? data('embedding/positions').slice() : null,
    };
  }

  #embed({ tokens, positions }: TokenSteps, first: number, count: number): void {
    const { width } = this.shape;
    const { embedding, places } = this.#loaded;
    for (let row = 0; row < count; row++) {
      const features = this.#memory.row(this.#rows.features, width, row);
      const token = tokens[first + row];
      if (embedding === null) this.#memory.readOutput(this.#head, token, features);
      else features.set(embedding.subarray(token * width, (token + 1) * width));
      if (places === null) continue;
      const start = positions[first + row] * width;
      for (let i = 0; i < width; i++) features[i] += places[start + i];
    }
  }

  #block(layer: number, steps: TokenSteps, first: number, count: number): void {
    const norms = this.#loaded.norms[layer];
    const { attended, thought } = this.#rows;
    const parallel = this.shape.residual === 'parallel';
    this.#normalize(norms.attention, count);
    this.#attend(layer, steps, first, count);
    if (!parallel) this.#add(attended, count);
    this.#normalize(norms.mlp, count);
    this.#think(layer, count);
    if (parallel) this.#add(attended, count);
    this.#add(thought, count);
  }

  /** Keys and values of all rows are remembered before any attends: tokens of one slot may be among them. */
  #attend(layer: number, { slots, positions }: TokenSteps, first: number, count: number): void {
    const { heads, keyValueHeads, headSize } = this.shape;
    const { normed, joined, mixed, attended } = this.#rows;
    const { attentionInput, attentionOutput } = this.#layers[layer];
    const [queries, shared] = [heads * headSize, keyValueHeads * headSize];
    this.#memory.multiply(attentionInput, count, normed, joined);
    for (let row = 0; row < count; row++) {
      const all = this.#memory.row(joined, queries + 2 * shared, row);
      const position = positions[first + row];
      this.#rotation?.run(all.subarray(0, queries + shared), position);
      const keys = all.subarray(queries, queries + shared);
      this.#caches[slots[first + row]].write(layer, position, keys, all.subarray(queries + shared));
    }
    for (let row = 0; row < count; row++) {
      const cache = this.#caches[slots[first + row]];
      this.#attention.attend(
        this.#memory.row(joined, queries + 2 * shared, row).subarray(0, queries),
        cache.keys(layer),
        cache.values(layer),
        positions[first + row] + 1,
        scoreScale(this.shape, layer),
        this.#memory.row(mixed, queries, row),
      );
    }
    this.#memory.multiply(attentionOutput, count, mixed, attended);
  }

  #think(layer: number, count: number): void {
    const { inner, gated, activation } = this.shape;
    const { normed, hidden, active, thought } = this.#rows;
    const { mlpInput, mlpOutput } = this.#layers[layer];
    this.#memory.multiply(mlpInput, count, normed, hidden);
    for (let row = 0; row < count; row++)
      activateRow(
        activation,
        this.#memory.row(hidden, gated ? 2 * inner : inner, row),
        this.#memory.row(active, inner, row),
      );
    this.#memory.multiply(mlpOutput, count, active, thought);
  }

  #normalize(weights: NormWeights, count: number): void {
    for (let row = 0; row < count; row++) this.#normalizeRow(weights, row, this.#rows.normed, row);
  }

  /** Writes the norm of the features of `row` into row `to` of those at an address. */
  #normalizeRow(weights: NormWeights, row: number, address: number, to: number): void {
    const { width, norm } = this.shape;
    const features = this.#memory.row(this.#rows.features, width, row);
    normalizeRow(norm, weights, features, this.#memory.row(address, width, to));
  }

  /** Adds rows to the features. */
  #add(address: number, count: number): void {
    const { width } = this.shape;
    for (let row = 0; row < count; row++) {
      const features = this.#memory.row(this.#rows.features, width, row);
      const added = this.#memory.row(address, width, row);
      for (let i = 0; i < width; i++) features[i] += added[i];
    }
  }

  #outputs(
    { wanted }: TokenSteps,
    first: number,
    count: number,
    take: (index: number, outputs: TokenOutputs) => void,
  ): void {
    const { final, logits } = this.#rows;
    let waiting: number[] = [];
    for (let row = 0; row < count; row++) {
      if (wanted[first + row]) {
        this.#normalizeRow(this.#loaded.finalNorm, row, final, waiting.length);
        waiting.push(first + row);
      }
      if (waiting.length < HEAD_ROWS && row < count - 1) continue;
      this.#memory.multiply(this.#head, waiting.length, final, logits);
      for (const stack of this.#stacks) stack.run(this.#memory, waiting.length, final);
      for (const [i, index] of waiting.entries()) take(index, this.#outputsOf(i));
      waiting = [];
    }
  }

  #outputsOf(row: number): TokenOutputs {
    const values: Record<string, Float32Array> = {};
    for (const stack of this.#stacks) values[stack.name] = stack.row(this.#memory, row);
    return { logits: this.#memory.row(this.#rows.logits, this.shape.vocabulary, row), values };
  }
}
