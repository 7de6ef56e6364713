import type { NamedTensors } from '@qfleet/tensor';
import { type AgentSetting, checkAgentParameters } from './parameters.ts';

/**
 * The state of an agent that begins with the parameters of another: they are online and target alike, and the optimizer
 * knows nothing yet.
 *
 * @throws ConfigError, Error as `checkAgentParameters` does.
 */
export async function warmState(setting: AgentSetting, parameters: NamedTensors): Promise<NamedTensors> {
  checkAgentParameters(setting, parameters);
  if (setting.config.kind === 'tabular') return parameters;
  // Loaded only here: they bring TensorFlow.
  if (setting.config.kind === 'pqn') {
    const { pqnStateOf } = await import('./pqn/agent.ts');
    return pqnStateOf(setting.config, parameters);
  }
  if (setting.config.kind === 'token-q') {
    const { tokenQStateOf } = await import('./token-q/agent.ts');
    return tokenQStateOf(setting.config, parameters);
  }
  const { stateOf } = await import('./value/agent.ts');
  return stateOf(setting.config, parameters);
}
