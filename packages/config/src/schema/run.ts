import { z } from 'zod';
import { agent } from './agent.ts';
import { environment } from './environment.ts';
import { exploration } from './exploration.ts';
import { fleet } from './fleet.ts';
import { learner } from './learner.ts';
import { count, fraction } from './numbers.ts';
import { replay } from './replay.ts';
import { report } from './report.ts';

/** The whole configuration of a run. Every field has a default but the environment and the agent's kind. */
export const runSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'letters, digits, ".", "_" and "-", at most 64')
    .default('run')
    .describe('names the run directory'),
  seed: z.int().min(0).max(0xffffffff).default(0).describe('where every random stream of the run begins'),
  environment,
  agent,
  exploration: exploration.prefault({ kind: 'ladder' }),
  replay,
  fleet,
  learner,
  evaluation: z
    .strictObject({
      every: count.default(1_000).describe('updates; a checkpoint is taken for each'),
      episodes: count.default(20).describe('greedy episodes an evaluation'),
      epsilon: fraction.default(0).describe('chance of a random action in their steps; 0: they are greedy'),
    })
    .prefault({}),
  stop: z
    .strictObject({
      maxUpdates: count.nullable().default(null).describe('gradient updates; null: no end by them'),
      maxSteps: count.nullable().default(null).describe('environment steps of all actors'),
      maxSeconds: z.number().positive().nullable().default(null).describe('wall time of training'),
      solvedReturn: z
        .number()
        .nullable()
        .default(null)
        .describe('stop when an evaluation reaches this mean return, and fresh episodes do too'),
    })
    .prefault({}),
  report,
});

/** A run's configuration, checked and complete. */
export type RunConfig = z.output<typeof runSchema>;
export type AgentConfig = RunConfig['agent'];
/** The agent of a configuration, where it is `kind: dqn`: all that learn Q by a network and a replay of transitions or sequences. */
export type DqnConfig = Extract<AgentConfig, { kind: 'dqn' }>;
export type TabularConfig = Extract<AgentConfig, { kind: 'tabular' }>;
export type PqnConfig = Extract<AgentConfig, { kind: 'pqn' }>;
export type TokenQConfig = Extract<AgentConfig, { kind: 'token-q' }>;
/** An agent that learns from a replay. */
export type ReplayAgentConfig = DqnConfig | TabularConfig | TokenQConfig;
/** A run whose agent learns from a replay. */
export type ReplayRunConfig = RunConfig & { readonly agent: ReplayAgentConfig };
export type NetworkConfig = DqnConfig['network'];
export type ObjectiveConfig = DqnConfig['objective'];
export type TargetConfig = DqnConfig['target'];
export type FleetConfig = RunConfig['fleet'];
export type ExplorationConfig = RunConfig['exploration'];
export type SamplingConfig = RunConfig['replay']['sampling'];
/** A run whose agent learns from rounds. */
export type RoundRunConfig = RunConfig & { readonly agent: PqnConfig };
/** Whether a run's agent learns from rounds of fresh experience, without a replay. */
export const learnsFromRounds = (config: RunConfig): config is RoundRunConfig => config.agent.kind === 'pqn';
/** A run whose agent speaks. */
export type TokenQRunConfig = RunConfig & { readonly agent: TokenQConfig };
/**
 * Whether a run's agent speaks.
 *
 * @example
 * speaks(parseRunConfig('{ environment: { id: CartPole-v1 }, agent: { kind: dqn } }', 'config.yaml')); // → false
 */
export const speaks = (config: RunConfig): config is TokenQRunConfig => config.agent.kind === 'token-q';
/** The network of an agent that begins with a given language model. */
export type GivenModelConfig = Extract<TokenQConfig['network'], { kind: 'model' }>;
/** A run whose agent begins with a given language model. */
export type GivenModelRunConfig = RunConfig & {
  readonly agent: TokenQConfig & { readonly network: GivenModelConfig };
};
/** Whether a run's agent begins with a given language model, and speaks its tokens. */
export const beginsWithModel = (config: RunConfig): config is GivenModelRunConfig =>
  speaks(config) && config.agent.network.kind === 'model';
/** Whether a run learns from recorded dialogues alone: nothing is played, but for evaluations. */
export const learnsFromRecorded = (config: RunConfig): boolean =>
  speaks(config) && config.agent.data !== null && config.agent.data.updates === null;
/** Whether a run's agent learns from a replay. */
export const learnsFromReplay = (config: RunConfig): config is ReplayRunConfig => !learnsFromRounds(config);
/** A run's configuration as written: defaults may be left out. */
export type RunConfigInput = z.input<typeof runSchema>;
