import { isAdapted, markAdapted } from './adapted.ts';
import { adaptDefinition } from './define-environment.ts';
import type { EnvironmentDefinition } from './environment.ts';
import { EnvironmentDefinitionError } from './errors.ts';
import type { AnyDefinition } from './text/any-definition.ts';
import { adaptTextDefinition, isTextDefinition } from './text/define-text-environment.ts';

/**
 * The environment that a module exports: its default, of actions or of texts, and with it a function `draw` that the module
 * may export beside.
 *
 * @param path names it in errors.
 * @throws EnvironmentDefinitionError when there is no default export, or a field is wrong.
 */
export function moduleDefinition(module: object, path: string): AnyDefinition {
  if (!('default' in module)) {
    throw new EnvironmentDefinitionError(
      `Environment module ${path} has no default export: write "export default defineEnvironment({ … })".`,
    );
  }
  const given = defaultOf(module.default);
  const what = `Environment module ${path}`;
  if (isTextDefinition(given)) return adaptTextDefinition(given, what);
  const { draw } = module as { draw?: EnvironmentDefinition['draw'] };
  const definition = adaptDefinition(given, what);
  if (draw === undefined) return definition;
  if (typeof draw !== 'function') {
    throw new EnvironmentDefinitionError(
      `${what}: its export draw must be a function (context, state) => void.`,
    );
  }
  const drawn = { ...definition, draw };
  return isAdapted(definition) ? markAdapted(drawn) : drawn;
}

/** What a compiler made CommonJS of `export default` keeps it under `exports.default`. */
function defaultOf(exported: unknown): unknown {
  const compiled = exported as { __esModule?: unknown; default?: unknown } | null | undefined;
  return compiled?.__esModule === true && 'default' in compiled ? compiled.default : exported;
}
