import {
  type Compiled,
  compile,
  type NamedTensors,
  type Runtime,
  type StepFunction,
  type TensorRecord,
  writeRows,
} from '@qfleet/tensor';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { type LanguageNetwork, languageNetwork } from '../../language/language-network.ts';
import type { TransformerShape } from '../../language/transformer-shape.ts';
import { checkParameters, type ParameterSpec } from '../../parameters.ts';
import { UNSEEN } from '../../torsos/unseen.ts';
import type { Decoder, TokenHead, TokenOutputs, TokenSteps } from './decoder.ts';

/** Tokens of a call at most. Fewer are padded to a power of two, each with a trace of its own. */
const MOST_ROWS = 64;

/** Tokens of one text, one after another, from which on they are computed as one row. */
const ONE_ROW = 8;

/** The fewest tokens that are attended to; more are padded to a power of two times that, or to the context. */
const FEWEST_SEEN = 32;

const TOKENS = { shape: [null], dtype: 'int32' } as const;
const INPUTS = { tokens: TOKENS, positions: TOKENS, slots: TOKENS };

/** The names of a layer's cache. */
const cacheNames = (layer: number): [string, string] => [`cache/keys${layer}`, `cache/values${layer}`];

/** Tokens that one call of a graph takes: of one text, which they read once for all, or of texts side by side. */
interface TokenGroup {
  /** The index of the first among the steps. */
  readonly first: number;
  readonly count: number;
  readonly ofOneText: boolean;
}

/**
 * A decoder on libtensorflow: a call takes its tokens through one compiled graph, whose caches are state that is written in
 * place. There is a graph for each number of tokens and of those attended to, as powers of two, and for tokens of one text.
 */
export class DecoderGraph implements Decoder {
  readonly shape: TransformerShape;
  readonly slots: number;
  readonly together = MOST_ROWS;
  readonly #heads: readonly TokenHead[];
  readonly #parameters: readonly ParameterSpec[];
  readonly #network: LanguageNetwork;
  readonly #runtime: Runtime;
  /** Holds the state. */
  readonly #root: Compiled;
  /** By the number of tokens that are attended to, negative where all are of one text. */
  readonly #graphs = new Map<number, Compiled>();

  /**
   * Copies the parameters in.
   *
   * @param runtime that traces.
   */
  constructor(
    runtime: Runtime,
    shape: TransformerShape,
    tensors: NamedTensors,
    slots: number,
    heads: readonly TokenHead[] = [],
  ) {
    this.shape = shape;
    this.slots = slots;
    this.#heads = heads;
    this.#network = languageNetwork(shape);
    this.#parameters = [this.#network, ...heads].flatMap(({ parameters }) => parameters);
    this.#runtime = runtime;
    checkParameters(this.#parameters, tensors);
    // Rows of the keys or values of a token's head: those of each slot, then those of tokens that only fill a call up.
    const rows = (slots * shape.context + MOST_ROWS) * shape.keyValueHeads;
    const zeros = () => new Float32Array(rows * shape.headSize);
    const caches = Array.from({ length: shape.layers }, (_, layer) => cacheNames(layer)).flat();
    this.#root = compile(runtime, this.#step(FEWEST_SEEN, false), {
      state: new Map([
        ...this.#state(tensors),
        ...caches.map((name) => [name, { shape: [rows, shape.headSize], data: zeros() }] as const),
      ]),
      inputs: INPUTS,
    });
    this.#graphs.set(FEWEST_SEEN, this.#root);
  }

  load(tensors: NamedTensors): void {
    checkParameters(this.#parameters, tensors);
    this.#root.setState(this.#state(tensors));
  }

  clear(): void {
    // What is attended to follows from positions: what was left there is written anew before it is read.
  }

  run(steps: TokenSteps, take: (index: number, outputs: TokenOutputs) => void): void {
    for (const group of groupsOf(steps)) this.#call(steps, group, take);
  }

  dispose(): void {
    this.#root.dispose();
  }

  #call(
    steps: TokenSteps,
    { first, count, ofOneText }: TokenGroup,
    take: (index: number, outputs: TokenOutputs) => void,
  ): void {
    const filled = 2 ** Math.ceil(Math.log2(count));
    const part = (column: Int32Array, fill: number) => {
      const padded = new Int32Array(filled).fill(fill);
      padded.set(column.subarray(first, first + count));
      return padded;
    };
    const positions = part(steps.positions, 0);
    let seen = 0;
    for (let i = 0; i < count; i++) seen = Math.max(seen, positions[i] + 1);
    const outputs = this.#graphOf(seen, ofOneText).run({
      positions,
      tokens: part(steps.tokens, 0),
      slots: part(steps.slots, this.slots),
    });
    const row = (name: string, i: number) => {
      const all = outputs[name] as Float32Array;
      const size = all.length / filled;
      return all.subarray(i * size, (i + 1) * size);
    };
    for (let i = 0; i < count; i++) {
      if (!steps.wanted[first + i]) continue;
      const values = Object.fromEntries(this.#heads.map(({ name }) => [name, row(`heads/${name}`, i)]));
      take(first + i, { logits: row('logits', i), values });
    }
  }

  #graphOf(seen: number, ofOneText: boolean): Compiled {
    const length = FEWEST_SEEN * 2 ** Math.ceil(Math.log2(Math.max(1, seen / FEWEST_SEEN)));
    const key = ofOneText ? -length : length;
    let graph = this.#graphs.get(key);
    if (graph === undefined) {
      graph = this.#root.share(this.#step(length, ofOneText), { inputs: INPUTS });
      this.#graphs.set(key, graph);
    }
    return graph;
  }

  #state(tensors: NamedTensors): NamedTensors {
    const own = this.#network.parameters.map(({ name }) => [name, tensors.get(name)!] as const);
    const beside = this.#heads.flatMap((head) =>
      head
        .layers(tensors)
        .flatMap(({ inputs, outputs, kernel, bias }, i) => [
          [`heads/${head.name}/${i}/kernel`, { shape: [inputs, outputs], data: kernel }] as const,
          [`heads/${head.name}/${i}/bias`, { shape: [outputs], data: bias }] as const,
        ]),
    );
    return new Map([...own, ...beside]);
  }

  /**
   * The function of a call whose tokens attend to `most` places of the context at most. To the network its texts are rows: each
   * token is one, or all of them are.
   */
  #step(most: number, ofOneText: boolean): StepFunction {
    const { tf } = this.#runtime;
    const { context, keyValueHeads, headSize } = this.shape;
    const length = Math.min(most, context);
    return (state, inputs) => {
      const [tokens, positions, slots] = ['tokens', 'positions', 'slots'].map(
        (name) => inputs[name] as Tensor1D,
      );
      const { size } = tokens;
      const [texts, ofEach] = ofOneText ? [1, size] : [size, 1];
      const changed: Record<string, Tensor> = {};
      const heads = tf.range(0, keyValueHeads, 1, 'int32');
      const column = (values: Tensor) => tf.reshape(values, [size, 1]);
      // A slot has `context` rows of the caches for each head, one after another.
      const begins = tf.mul(
        tf.add(tf.mul(column(slots), keyValueHeads), tf.reshape(heads, [1, keyValueHeads])),
        context,
      );
      // What fills a call up has rows behind those of all slots.
      const isFilling = tf.cast(tf.equal(column(slots), this.slots), 'int32');
      const isReal = tf.sub(1, isFilling);
      const own = tf.add(tf.mul(heads, MOST_ROWS), this.slots * keyValueHeads * context);
      const starts = tf.add(tf.mul(begins, isReal), tf.mul(tf.reshape(own, [1, keyValueHeads]), isFilling));
      const offsets = tf.add(
        tf.mul(column(positions), isReal),
        tf.mul(column(tf.range(0, size, 1, 'int32')), isFilling),
      );
      const places = tf.range(0, length, 1, 'int32');
      // [texts, heads, tokens], as keys and values are.
      const targets = tf.transpose(tf.reshape(tf.add(starts, offsets), [texts, ofEach, -1]), [0, 2, 1]);
      const written = tf.cast(tf.reshape(targets, [-1]), 'int32');
      // The first token of each text says where it lies.
      const sources = tf.slice(tf.mul(begins, isReal), [0, 0], [texts, keyValueHeads]);
      const read = tf.cast(
        tf.reshape(
          tf.add(tf.reshape(sources, [texts, keyValueHeads, 1]), tf.reshape(places, [1, 1, length])),
          [-1],
        ),
        'int32',
      );
      const after = tf.greater(
        tf.reshape(places, [1, 1, 1, length]),
        tf.reshape(positions, [texts, 1, ofEach, 1]),
      );
      const cache = {
        length,
        unseen: tf.mul(tf.cast(after, 'float32'), UNSEEN),
        extend: (layer: number, keys: Tensor, values: Tensor): readonly [Tensor, Tensor] => {
          const names = cacheNames(layer);
          const [all, other] = [keys, values].map((each, i) => {
            const memory = writeRows(tf, state[names[i]]!, written, tf.reshape(each, [-1, headSize]));
            changed[names[i]] = memory;
            return tf.reshape(tf.gather(memory, read as Tensor1D), [texts, keyValueHeads, length, headSize]);
          });
          return [all!, other!];
        },
      };
      const rows = (values: Tensor) => tf.reshape(values, [texts, ofEach]) as Tensor2D;
      const { features, logits } = this.#network.forward(tf, state, {
        ...{ ids: rows(tokens), positions: rows(positions), cache },
      });
      return { state: changed, outputs: { logits: logits!, ...this.#headOutputs(state, features!) } };
    };
  }

  #headOutputs(state: TensorRecord, features: Tensor): TensorRecord {
    const { tf } = this.#runtime;
    const outputs: Record<string, Tensor> = {};
    for (const { name } of this.#heads) {
      let x = features as Tensor2D;
      for (let i = 0; state[`heads/${name}/${i}/kernel`] !== undefined; i++) {
        const [kernel, bias] = ['kernel', 'bias'].map((kind) => state[`heads/${name}/${i}/${kind}`]!);
        x = tf.add(tf.matMul(i === 0 ? x : tf.relu(x), kernel as Tensor2D), bias);
      }
      outputs[`heads/${name}`] = x;
    }
    return outputs;
  }
}

/** Cuts tokens into calls. */
function groupsOf({ count, slots }: TokenSteps): TokenGroup[] {
  const groups: TokenGroup[] = [];
  let first = 0;
  const close = (end: number, ofOneText: boolean) => {
    for (; first < end; first += MOST_ROWS)
      groups.push({ first, count: Math.min(MOST_ROWS, end - first), ofOneText });
    first = end;
  };
  for (let i = 0, end: number; i < count; i = end) {
    for (end = i + 1; end < count && slots[end] === slots[i]; ) end++;
    if (end - i < ONE_ROW) continue;
    close(i, false);
    close(end, true);
  }
  close(count, false);
  return groups;
}
