export { argmax } from './acting/allowed.ts';
export { epsilonOf } from './acting/exploration.ts';
export type * from './agent.ts';
export { createAgent, createRoundAgent } from './create-agent.ts';
export { createPolicy } from './create-policy.ts';
export { type AgentSetting, agentMemory, agentParameters, checkAgentParameters } from './parameters.ts';
export { lambdaReturns } from './pqn/lambda-returns.ts';
export { END, makeRound, type Round } from './pqn/round.ts';
export { warmState } from './warm-start.ts';
