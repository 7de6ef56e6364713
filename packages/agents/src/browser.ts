/** What of this package runs without Node: a configured agent's policy, what its network says of the return, how it speaks, and what is registered. */
export type { Generation, GenerationOptions, TokenSelector } from '@qfleet/networks';
export type { NamedTensors } from '@qfleet/tensor';
export { argmax } from './acting/allowed.ts';
export { createDistributions, type Distributions } from './acting/distributions.ts';
export { plainPolicy as createPolicy } from './acting/plain-policy.ts';
export type { ActingRows, Policy } from './agent.ts';
export { createObjective, registerObjective } from './objectives/create-objective.ts';
export { expectedTarget } from './objectives/expected-target.ts';
export { readingsOf } from './objectives/next-actions.ts';
export { valueAt } from './objectives/per-action.ts';
export { sampleUnit } from './objectives/unit.ts';
export { agentParameters, checkAgentParameters } from './parameters.ts';
export { createGeneration, type Decoding, tokenSelector } from './token-q/speaking.ts';
export { type JudgedToken, TokenJudge, verdictOf } from './token-q/token-judge.ts';
