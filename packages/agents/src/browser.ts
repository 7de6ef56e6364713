/** What of this package runs without Node: a configured agent's policy, and what its network says of the return. */
export { argmax } from './acting/allowed.ts';
export { createDistributions, type Distributions } from './acting/distributions.ts';
export { plainPolicy as createPolicy } from './acting/plain-policy.ts';
export type { ActingRows, Policy } from './agent.ts';
export { agentParameters } from './parameters.ts';
