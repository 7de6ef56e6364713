import type { TokenQConfig } from '@qfleet/config';
import {
  checkParameters,
  initialParameters,
  type LanguageNetwork,
  loadModel,
  loadValueHeads,
} from '@qfleet/networks';
import { Random } from '@qfleet/random';
import { type Batch, type DialogueBatch, type DialogueUnit, rewardShaping } from '@qfleet/replay';
import type { StateSpec } from '@qfleet/spaces';
import {
  type Compiled,
  compile,
  type Inputs,
  loadTensor,
  type NamedTensors,
  type Optimizer,
  type Runtime,
  type TensorRecord,
} from '@qfleet/tensor';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { Agent, UpdateStats } from '../agent.ts';
import { LearnedState, stateBefore } from '../value/learned-state.ts';
import { createOptimizer } from '../value/optimizer.ts';
import { learningRateOf } from '../value/rates.ts';
import { descend, ONLINE, TARGET } from '../value/step.ts';
import { type DialogueSteps, dialogueSteps, type LegalTokens } from './dialogue-steps.ts';
import type { StepTensors } from './losses.ts';
import { tokenNetwork, tokensOf } from './network.ts';
import { hasTarget, stateValues, type TokenLossConfig, tokenLoss } from './objective.ts';
import { dialoguePriorities } from './priorities.ts';

/** What an agent of dialogues is made from. */
export interface TokenQAgentOptions {
  readonly config: TokenQConfig;
  readonly spec: StateSpec;
  readonly seed: number;
  /** The run's planned updates; null: none are planned. */
  readonly totalUpdates: number | null;
  /** Whether its updates have the same bits on any number of cores, of which it uses two at most. */
  readonly isRepeatable?: boolean;
  /** Whether updates run op by op where they could be one native call, for comparisons. */
  readonly eager?: boolean;
  /** Absent: all tokens are legal. */
  readonly legal?: LegalTokens | undefined;
}

/** The name in the state of the network whose language model the one that learns is kept near. */
const REFERENCE = 'reference';

/** The parts of each parameter that the state holds beside the optimizer's slots. */
const partsOf = (config: TokenQConfig): string[] => [
  ONLINE,
  ...(hasTarget(config) ? [TARGET] : []),
  ...(config.reference === null ? [] : [REFERENCE]),
];

/** A learner with fresh parameters on the runtime of this process. */
export async function createTokenQAgent(given: TokenQAgentOptions): Promise<Agent> {
  return new TokenQAgent(await loadTensor({ parallelism: given.isRepeatable ? 'pair' : 'cores' }), given);
}

/** What a batch's rows and their rates are to a compiled step. Its rows are as many as `rows` is long. */
const INPUTS = {
  ...{ rows: { shape: [null] }, weights: { shape: [null] } },
  ...{ returns: { shape: [null] }, discounts: { shape: [null] } },
  ...Object.fromEntries(
    ['ids', 'positions', 'mask', 'segments', 'picked', 'actions', 'next'].map((name) => [
      name,
      { shape: [null], dtype: 'int32' as const },
    ]),
  ),
  ...{ targetMix: { shape: [] }, targetKeep: { shape: [] } },
};

/**
 * The learner of a language agent. Each length of a batch's rows has a trace of its own. In the first `pretraining` updates the
 * language model alone learns, and the target network equals the one that learns.
 */
class TokenQAgent implements Agent {
  readonly batchesPerUpdate = 1;
  readonly unit: DialogueUnit;
  readonly #given: TokenQAgentOptions;
  readonly #learned: LearnedState;
  readonly #optimizer: Optimizer;
  readonly #step: Compiled;
  readonly #pretraining: Compiled;
  readonly #vocabulary: number;
  #updates = 0;

  constructor(runtime: Runtime, given: TokenQAgentOptions) {
    const { config, spec, seed, eager = false } = given;
    const network = tokenNetwork(config, spec);
    const { vocabulary, history } = tokensOf(spec);
    const learned = new LearnedState(network, (packing) => createOptimizer(config, packing), partsOf(config));
    this.#given = given;
    this.#vocabulary = vocabulary;
    this.#learned = learned;
    this.#optimizer = learned.optimizer;
    this.unit = dialogueUnit(config);
    const inputs = {
      ...INPUTS,
      ...(given.legal ? { legal: { shape: [null], dtype: 'uint8' as const } } : {}),
      ...Object.fromEntries(Object.keys(this.#optimizer.rates(1, 0)).map((name) => [name, { shape: [] }])),
    };
    const parts = {
      runtime,
      network,
      learned,
      gradientClip: config.gradientClip,
      apart: history === 1,
      vocabulary,
    };
    this.#step = compile(runtime, (state, each) => update({ ...parts, config }, state, each), {
      state: learned.start(startParameters(config, network, seed)),
      ...{ inputs, eager },
    });
    const others = partsOf(config).filter((part) => part !== ONLINE);
    const pretraining: TokenLossConfig = { ...config, objective: { kind: 'sft' } };
    this.#pretraining = this.#step.share(
      (state, each) => update({ ...parts, config: pretraining, copies: others }, state, each),
      { inputs },
    );
  }

  update(batches: readonly Batch[], priorities: Float32Array): UpdateStats {
    const [batch] = batches as readonly DialogueBatch[];
    if (batches.length !== 1) throw new RangeError(`An update call takes 1 batch, not ${batches.length}.`);
    const { config, legal } = this.#given;
    // What is played comes after what was recorded.
    const isRecorded = config.data !== null && config.data.updates === null;
    const isPretraining = isRecorded && this.#updates < config.pretraining;
    const { discount, discountPer, objective, nSteps } = config;
    const steps = dialogueSteps(batch, {
      ...{ discount, discountPer, vocabulary: this.#vocabulary, legal },
      nSteps: objective.kind === 'mc' ? null : nSteps,
    });
    const inputs = { ...inputsOf(batch, steps), ...this.#rates() };
    const { priorities: errors, ...scalars } = (isPretraining ? this.#pretraining : this.#step).run(inputs);
    this.#updates++;
    const meanAbsTdError = dialoguePriorities(steps, errors as Float32Array, batch.size, priorities);
    const numbers = Object.fromEntries(Object.entries(scalars).map(([name, values]) => [name, values[0]]));
    const { loss, gradientNorm } = numbers as { loss: number; gradientNorm: number };
    const isWhole = Number.isFinite(loss + gradientNorm + meanAbsTdError);
    return {
      numbers: { ...numbers, meanAbsTdError },
      fault: isWhole ? null : { batch: 0, loss, gradientNorm },
    };
  }

  parameters(): NamedTensors {
    return this.#learned.parameters(this.#step);
  }

  state(): NamedTensors {
    return this.#learned.read(this.#step, this.#updates);
  }

  restore(state: NamedTensors): void {
    this.#updates = this.#learned.restore(this.#step, state);
  }

  dispose(): void {
    this.#step.dispose();
  }

  #rates(): Record<string, number> {
    const { config, totalUpdates } = this.#given;
    const { target } = config;
    const learningRate = learningRateOf(config, totalUpdates, this.#updates);
    const copies = target.kind === 'hard' && (this.#updates + 1) % target.every === 0;
    const mix = copies ? 1 : target.kind === 'soft' ? target.tau : 0;
    return {
      ...this.#optimizer.rates(this.#updates + 1, learningRate),
      ...{ targetMix: mix, targetKeep: 1 - mix },
    };
  }
}

/**
 * The parameters before the first update: those of a given model, and of its heads of values where it has them; all else fresh.
 *
 * @throws ModelError where the model can't be read.
 */
function startParameters(
  { network: given }: TokenQConfig,
  network: LanguageNetwork,
  seed: number,
): NamedTensors {
  const fresh = initialParameters(network.parameters, new Random(Random.seed(seed, 'parameters')));
  if (given.kind === 'decoder') return fresh;
  const { directory } = given;
  const learned = new Map([...loadModel(directory).tensors, ...loadValueHeads(directory)]);
  const start = new Map(Array.from(fresh, ([name, tensor]) => [name, learned.get(name) ?? tensor]));
  checkParameters(network.parameters, start);
  return start;
}

/** What `TokenQAgent.state` gives before the first update, with these parameters. */
export const tokenQStateOf = (config: TokenQConfig, parameters: NamedTensors): NamedTensors =>
  stateBefore(parameters, createOptimizer(config), partsOf(config));

/** What a row of a configuration's batches is. */
function dialogueUnit(config: TokenQConfig): DialogueUnit {
  const rewards = rewardShaping(config);
  const { batchSize: batchTokens, discountPer } = config;
  return { kind: 'dialogue', batchTokens, discountPer, ...(rewards ? { rewards } : {}) };
}

function inputsOf(batch: DialogueBatch, steps: DialogueSteps): Inputs {
  const { size, tokens: ids, positions, mask, segments } = batch;
  const { picked, actions, returns, discounts, next, weights, legal } = steps;
  return {
    ...{ rows: new Float32Array(size), ids, positions, mask, segments },
    ...{ picked, actions, returns, discounts, next, weights },
    ...(legal === null ? {} : { legal }),
  };
}

/** The parts that an update is made of. */
interface UpdateParts {
  readonly runtime: Runtime;
  readonly network: LanguageNetwork;
  readonly learned: LearnedState;
  readonly gradientClip: number | null;
  /** Whether texts of a row do not see each other. */
  readonly apart: boolean;
  readonly vocabulary: number;
  readonly config: TokenLossConfig;
  /** The other networks of the state that become the one that learns. */
  readonly copies?: readonly string[];
}

/** One update as a pure function of tensors: objective → gradients → clip → optimizer → target network. */
function update(parts: UpdateParts, state: TensorRecord, inputs: TensorRecord) {
  const { runtime, network, learned, gradientClip, apart, vocabulary, config } = parts;
  const { tf } = runtime;
  const { packing, optimizer } = learned;
  const rows = inputs['rows']!.shape[0]!;
  const grid = (name: string): Tensor2D => tf.reshape(inputs[name]!, [rows, -1]);
  const tokens = {
    ...{ ids: grid('ids'), positions: grid('positions'), mask: grid('mask') },
    ...(apart ? { segments: grid('segments') } : {}),
  };
  const picked = inputs['picked'] as Tensor1D;
  const steps = {
    ...(inputs as unknown as StepTensors),
    legal: inputs['legal'] && (tf.reshape(inputs['legal'], [-1, vocabulary]) as Tensor2D),
  };
  const read = (tensors: readonly Tensor[]) =>
    stateValues(tf, network.forward(tf, packing.split(tf, tensors), { ...tokens, picked }));
  const partOf = (part: string) => packing.names.map((name) => state[`${part}/${name}`]!);
  const isReferred = config.objective.kind !== 'sft' && config.reference !== null;
  const others = {
    target: hasTarget(config) ? read(partOf(TARGET)) : null,
    reference: isReferred ? read(partOf(REFERENCE)) : null,
  };
  const lossOf = (tensors: Tensor[]) => {
    const said = tokenLoss(tf, config, read(tensors), others, steps);
    // Parameters of heads that this objective leaves alone have a gradient of 0, not none.
    const untouched = tf.mul(tf.addN(tensors.map((each) => tf.sum(each))), 0);
    return { ...said, loss: tf.add(said.loss, untouched) as typeof said.loss };
  };
  const descent = { tf, network, packing, optimizer, largestNorm: gradientClip };
  const { changed, said, gradientNorm } = descend(descent, state, inputs, [lossOf]);
  for (const part of parts.copies ?? [])
    for (const name of packing.names) changed[`${part}/${name}`] = tf.clone(changed[`${ONLINE}/${name}`]!);
  if (hasTarget(config)) {
    for (const name of packing.names) {
      changed[`${TARGET}/${name}`] = tf.add(
        tf.mul(changed[`${ONLINE}/${name}`]!, inputs['targetMix']!),
        tf.mul(state[`${TARGET}/${name}`]!, inputs['targetKeep']!),
      );
    }
  }
  const { loss, priorities, stats } = said;
  return { state: changed, outputs: { priorities, loss, gradientNorm, ...stats } };
}
