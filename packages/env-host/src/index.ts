export { containUserCode } from './contain-user-code.ts';
export { importsPackage, isAtari, isBridged } from './gymnasium/bridged-id.ts';
export { type BridgeSettings, defaultBridge } from './gymnasium/define-bridged.ts';
export { cacheFolder } from './gymnasium/private-python.ts';
export { workerRestarts } from './gymnasium/worker-slot.ts';
export {
  type EnvironmentDescription,
  isProvided,
  loadAnyEnvironment,
  loadEnvironment,
  provideEnvironment,
  resolveAnyEnvironment,
  resolveEnvironment,
} from './load-environment.ts';
export { watchUserCalls } from './watch-user-calls.ts';
