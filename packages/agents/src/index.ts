export type { Generation, GenerationOptions, TokenSelector } from '@qfleet/networks';
export type { NamedTensors } from '@qfleet/tensor';
export { argmax } from './acting/allowed.ts';
export { createDistributions, type Distributions } from './acting/distributions.ts';
export { epsilonOf } from './acting/exploration.ts';
export { type ValuedNetwork, valuedNetwork } from './acting/valued-network.ts';
export type * from './agent.ts';
export { createAgent, createRoundAgent } from './create-agent.ts';
export { createPolicy } from './create-policy.ts';
export { LanguageLearner, type LanguageLearnerOptions, type LanguageStats } from './language/learner.ts';
export type { TokenBatch } from './language/token-batch.ts';
export { createObjective, type ObjectiveMaker, registerObjective } from './objectives/create-objective.ts';
export { expectedTarget } from './objectives/expected-target.ts';
export { readingsOf } from './objectives/next-actions.ts';
export type {
  Objective,
  ObjectiveContext,
  ObjectiveLoss,
  Outputs,
  Reading,
  TransitionTensors,
} from './objectives/objective.ts';
export { valueAt } from './objectives/per-action.ts';
export { sampleUnit } from './objectives/unit.ts';
export { type AgentSetting, agentMemory, agentParameters, checkAgentParameters } from './parameters.ts';
export { lambdaReturns } from './pqn/lambda-returns.ts';
export { END, makeRound, type Round } from './pqn/round.ts';
export { type ModelTokens, modelTokens } from './token-q/model-tokens.ts';
export { decoderShape } from './token-q/network.ts';
export { createGeneration, type Decoding, tokenSelector } from './token-q/speaking.ts';
export { type JudgedToken, TokenJudge, verdictOf } from './token-q/token-judge.ts';
export { type OptimizerMaker, registerOptimizer } from './value/optimizer.ts';
export { warmState } from './warm-start.ts';
