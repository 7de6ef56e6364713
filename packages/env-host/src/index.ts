export { containUserCode } from './contain-user-code.ts';
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
