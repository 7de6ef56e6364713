export { epsilonOf } from './acting/exploration.ts';
export type * from './agent.ts';
export { benchInference, benchLearner } from './bench/index.ts';
export type { Peer } from './bench/rounds.ts';
export { createAgent } from './create-agent.ts';
export { createPolicy } from './create-policy.ts';
export { leaseOrder } from './leases.ts';
export type { SampleUnit } from './objectives/objective.ts';
export { type AgentSetting, agentParameters } from './parameters.ts';
