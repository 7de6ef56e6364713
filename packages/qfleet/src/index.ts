import type { LoadedPolicy, ReadOptions } from '@qfleet/policy';
import type { Compiled, CompileOptions, StepResult, TensorFlow, TensorRecord } from '@qfleet/tensor';
import type { TrainConfig } from './configuration.ts';
import type { EvaluateOptions, Evaluation } from './evaluate.ts';
import type { Run } from './run.ts';
import type { ResumeOptions, TrainOptions } from './train.ts';

/**
 * Trains a run to its goal or its budget, in this process or with a fleet, and keeps all of it in a directory.
 *
 * @param what a preset, the id of an environment, the path of a `config.yaml` or of a module of an environment, or a configuration as
 *   `config.yaml` has it; its environment may be a definition of this process.
 * @throws ConfigError with every problem of the configuration; EnvironmentDefinitionError, RunDirectoryError, and what the run fails for.
 * @example
 * const run = await train('cartpole', { set: { 'stop.maxUpdates': 200, 'replay.minSize': 200 }, runDir: 'runs/first' });
 * run.stopReason; // → 'maxUpdates'
 * run.updates; // → 200
 * // A method on an environment: here ILQL, which learns a language agent from recorded dialogues.
 * const walks = await train('text/walks', {
 *   preset: 'ilql',
 *   set: { 'stop.maxUpdates': 20, 'evaluation.episodes': 4 },
 *   runDir: 'runs/walks',
 * });
 * walks.updates; // → 20
 */
export async function train(what: string | TrainConfig, options: TrainOptions = {}): Promise<Run> {
  return (await import('./train.ts')).train(what, options);
}

/**
 * Lets a run go on from its newest checkpoint, with settings that were changed; by a fleet where it was trained by one.
 *
 * @param path of the run's directory.
 * @throws as `train`, and ConfigError for a setting that can't change once a run has begun.
 * @example
 * const run = await resume('runs/first', { set: { 'stop.maxUpdates': 400 } });
 * run.updates; // → 400
 */
export async function resume(path: string, options: ResumeOptions = {}): Promise<Run> {
  return (await import('./train.ts')).resume(path, options);
}

/**
 * Plays greedy episodes with a run's best checkpoint. The run's environment is started: its module is imported, so name a
 * directory that you trust.
 *
 * @param path of the run's directory.
 * @example
 * const { mean, returns } = await evaluate('runs/first', { episodes: 5, seed: 1 });
 * mean > 0; // → true
 * returns.length; // → 5
 */
export async function evaluate(path: string, options: EvaluateOptions = {}): Promise<Evaluation> {
  return (await import('./evaluate.ts')).evaluate(path, options);
}

/**
 * Reads the policy that a run has learned. Neither its environment nor TensorFlow is needed where actors need none, and no code of the
 * run's is imported.
 *
 * @param path of the run's directory.
 * @throws PolicyError where there is no whole checkpoint.
 * @example
 * const policy = await loadPolicy('runs/first');
 * const greedy = policy.act([0, 0, 0.02, 0]);
 * const { action, values } = policy.decide([0, 0, 0.02, 0]);
 * action; // → greedy
 * values.length; // → 2
 * policy.decide([0, 0, 0.02, 0], { mask: [true, false] }).action; // → 0
 * policy.actBatch([[0, 0, 0.02, 0], [0, 0, -0.02, 0]]).actions.length; // → 2
 * const episode = policy.episode(); // stacks frames and remembers
 * episode.act([0, 0, 0.02, 0]); // → greedy
 */
export async function loadPolicy(path: string, options: ReadOptions = {}): Promise<LoadedPolicy> {
  return (await import('@qfleet/policy')).loadPolicy(path, options);
}

/**
 * Writes a run's policy to a file: ONNX, safetensors or JSON by its extension.
 *
 * @returns how many bytes it has.
 * @example
 * (await exportPolicy('runs/first', 'policy.onnx')) > 1000; // → true
 */
export async function exportPolicy(path: string, file: string, options: ReadOptions = {}): Promise<number> {
  const policy = await import('@qfleet/policy');
  return policy.exportPolicy(await policy.readTrained(path, options), file);
}

/**
 * Compiles a pure function of tfjs's into one native call, as `jax.jit` does in JAX; without libtensorflow it runs as it is. Its state
 * lives inside, and typed arrays go in and out.
 *
 * @param fn is given tfjs, the state and the inputs, as tensors by name; what it returns as `state` replaces entries of the state, and
 *   `outputs` leave. It may branch on shapes and not on values.
 * @throws TraceError, at the first call of `run`, for what a graph can't do.
 * @example
 * const counter = await compile((tf, { sum }, { x }) => ({ state: { sum: tf.add(sum, x) }, outputs: { sum: tf.add(sum, x) } }), {
 *   state: new Map([['sum', { shape: [2], data: new Float32Array(2) }]]),
 *   inputs: { x: { shape: [2] } },
 * });
 * counter.run({ x: Float32Array.of(1, 2) }).sum; // → Float32Array.of(1, 2)
 * counter.dispose();
 */
export async function compile(
  fn: (tf: TensorFlow, state: TensorRecord, inputs: TensorRecord) => StepResult,
  options: CompileOptions,
): Promise<Compiled> {
  const tensor = await import('@qfleet/tensor');
  const runtime = await tensor.loadTensor();
  return tensor.compile(runtime, (state, inputs) => fn(runtime.tf, state, inputs), options);
}

export {
  createObjective,
  expectedTarget,
  type Objective,
  type ObjectiveContext,
  type ObjectiveLoss,
  type ObjectiveMaker,
  type OptimizerMaker,
  type Outputs,
  readingsOf,
  registerObjective,
  registerOptimizer,
  sampleUnit,
  type TransitionTensors,
  valueAt,
} from '@qfleet/agents';
export { ConfigError, type DqnConfig } from '@qfleet/config';
export type * from '@qfleet/envs';
export {
  box,
  defineEnvironment,
  defineTextEnvironment,
  dict,
  discrete,
  EnvironmentDefinitionError,
  EnvironmentError,
  findEnvironment,
  findTextEnvironment,
  listEnvironments,
  listTextEnvironments,
  multiDiscrete,
  tuple,
} from '@qfleet/envs';
export {
  categoricalHead,
  HiddenLayers,
  quantilesHead,
  registerNetwork,
  type Torso,
  type TorsoMaker,
  valuesHead,
} from '@qfleet/networks';
export type {
  ActOptions,
  BatchOptions,
  Decision,
  Decisions,
  Episode,
  LoadedPolicy,
  Numbers,
} from '@qfleet/policy';
export { Random } from '@qfleet/random';
export type { StateSpec } from '@qfleet/spaces';
export {
  adam,
  type Compiled,
  type CompileOptions,
  type NamedTensors,
  type Optimizer,
  rmsprop,
  type StepResult,
  sgd,
  type TensorFlow,
  type TensorRecord,
} from '@qfleet/tensor';
export type { Settings, TrainConfig } from './configuration.ts';
export type { EvaluateOptions, Evaluation } from './evaluate.ts';
export type { Run, RunEvaluation, RunHooks, RunProgress } from './run.ts';
export { RunError } from './run-error.ts';
export type { ResumeOptions, TrainOptions } from './train.ts';
