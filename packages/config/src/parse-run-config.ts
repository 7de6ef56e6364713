import { crossChecks } from './checks.ts';
import { ConfigError } from './errors.ts';
import { isMapping, type Path } from './fields.ts';
import { applyOverrides, type Override, parseOverride } from './overrides.ts';
import { type ParsedYaml, parseYaml } from './parse-yaml.ts';
import { type Problem, problemsOf } from './problems.ts';
import { type RunConfig, runSchema } from './schema/run.ts';

/**
 * A configuration from YAML text, as a run directory or Redis keeps it.
 *
 * @param origin names the text in errors.
 * @throws ConfigError
 * @example
 * const text = 'environment: { id: CartPole-v1 }\nagent: { kind: dqn, learningRate: 0.001 }';
 * parseRunConfig(text, 'the page').environment.id; // → 'CartPole-v1'
 */
export function parseRunConfig(text: string, origin: string): RunConfig {
  return checkRunConfig(parseYaml(text, origin), []);
}

/**
 * A configuration that another process has written, as JSON.
 *
 * @param origin names it in errors.
 * @throws ConfigError
 * @example
 * const config = runConfigOf({ environment: { id: 'CartPole-v1' }, agent: { kind: 'dqn' } }, 'the page');
 * config.agent.kind; // → 'dqn'
 */
export function runConfigOf(value: unknown, origin: string): RunConfig {
  if (!isMapping(value)) throw new ConfigError([`${origin} is no mapping of fields to values.`]);
  return checkRunConfig({ value, place: () => `${origin}: ` }, []);
}

/**
 * A configuration with overrides, each as `--set` takes it.
 * @throws ConfigError
 */
export const withOverrides = (config: RunConfig, overrides: readonly string[]): RunConfig =>
  checkRunConfig({ value: structuredClone(config), place: () => '' }, overrides);

/**
 * The configuration that a value of YAML's data model is, with overrides.
 * @throws ConfigError with every problem, a line each.
 */
export function checkRunConfig({ value, place }: ParsedYaml, texts: readonly string[]): RunConfig {
  const parsed = texts.map(parseOverride);
  const unreadable = parsed.filter((override) => typeof override === 'string');
  const overrides = parsed.filter((override): override is Override => typeof override !== 'string');
  const isOverridden = (path: Path) =>
    overrides.some(
      (o) => o.path.every((key, i) => key === path[i]) || path.every((key, i) => key === o.path[i]),
    );
  const line = ({ path, text }: Problem) =>
    `${isOverridden(path) ? '' : place(path)}${path.length === 0 ? 'The configuration' : path.join('.')} ${text}`;

  const unknown = applyOverrides(value, overrides).map(line);
  const result = runSchema.safeParse(value);
  const wrong = result.success ? crossChecks(result.data) : problemsOf(result.error, value);
  const problems = [...unreadable, ...unknown, ...wrong.map(line)];
  if (problems.length > 0 || !result.success) throw new ConfigError(problems);
  return result.data;
}
