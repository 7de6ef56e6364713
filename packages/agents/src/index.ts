export type * from './agent.ts';
export { benchInference } from './bench/inference.ts';
export { benchLearner } from './bench/learner.ts';
export { createAgent } from './create-agent.ts';
export { createPolicy } from './create-policy.ts';
export { epsilonOf } from './exploration.ts';
export { leaseOrder } from './leases.ts';
