export { argmax } from './acting/allowed.ts';
export { epsilonOf } from './acting/exploration.ts';
export type * from './agent.ts';
export { createAgent } from './create-agent.ts';
export { createPolicy } from './create-policy.ts';
export { type AgentSetting, agentMemory, agentParameters, checkAgentParameters } from './parameters.ts';
export { warmState } from './warm-start.ts';
