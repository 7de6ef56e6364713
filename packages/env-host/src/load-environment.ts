import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  type AnyDefinition,
  type EnvironmentDefinition,
  EnvironmentDefinitionError,
  type EnvironmentOptions,
  type EnvironmentWrappers,
  enterUserCode,
  findEnvironment,
  findTextEnvironment,
  isText,
  isTextEnvironment,
  leaveUserCode,
  moduleDefinition,
  wrapEnvironment,
} from '@qfleet/envs';
import { isBridged } from './gymnasium/bridged-id.ts';
import { type BridgeSettings, bridgedDefinition } from './gymnasium/define-bridged.ts';
import { loadFailure } from './load-failure.ts';

/** What any process can make the same definition of again; plain JSON. */
export interface EnvironmentDescription extends EnvironmentWrappers {
  /** The id of a native environment, or of one that Gymnasium plays; with `module`, only a name. */
  readonly id: string;
  /** Path of a module whose default export is the environment. */
  readonly module?: string | undefined;
  /** For native environments, and for those that Gymnasium plays. */
  readonly options?: EnvironmentOptions | undefined;
  /** How Python plays what Gymnasium plays. */
  readonly gymnasium?: BridgeSettings | undefined;
  /** Whether copies of what Gymnasium plays are made to be rendered (`Environment.frame`). Default: false. */
  readonly frames?: boolean | undefined;
}

/**
 * The definition that a description stands for, in whatever process.
 *
 * @throws EnvironmentDefinitionError as `findEnvironment`, `loadEnvironment` and `bridgedDefinition` do.
 */
export async function resolveEnvironment(
  description: EnvironmentDescription,
): Promise<EnvironmentDefinition> {
  return withActions(await resolveAnyEnvironment(description));
}

/**
 * The same, of a text environment too, which takes no wrappers.
 *
 * @throws EnvironmentDefinitionError as `resolveEnvironment` does.
 */
export async function resolveAnyEnvironment(description: EnvironmentDescription): Promise<AnyDefinition> {
  const definition = await bareEnvironment(description);
  return isText(definition) ? definition : wrapEnvironment(definition, description);
}

/** @throws EnvironmentDefinitionError for a text environment. */
function withActions(definition: AnyDefinition): EnvironmentDefinition {
  if (!isText(definition)) return definition;
  throw new EnvironmentDefinitionError(
    `Environment ${definition.id} is played with texts, which has no meaning here: name one that has actions.`,
  );
}

/** Environments of this process's own, by their ids. */
const provided = new Map<string, EnvironmentDefinition>();

/** Lets descriptions without a module name an environment of this process's own, by its id; one that comes later replaces it. */
export function provideEnvironment(definition: EnvironmentDefinition): void {
  provided.set(definition.id, definition);
}

/** Whether an id names an environment that this process has provided, and no other process knows. */
export const isProvided = (id: string): boolean => provided.has(id);

async function bareEnvironment(description: EnvironmentDescription): Promise<AnyDefinition> {
  const { id, module, options = {} } = description;
  const given = provided.get(id);
  if (module === undefined && given !== undefined) return given;
  if (module === undefined) {
    if (isBridged(id)) return bridgedDefinition(id, options, description.gymnasium, description.frames);
    return isTextEnvironment(id) ? findTextEnvironment(id, options) : findEnvironment(id, options);
  }
  const [option] = Object.keys(options);
  if (option !== undefined) {
    throw new EnvironmentDefinitionError(
      `Option ${option} cannot be given to an environment of a module: set it in ${module}.`,
    );
  }
  return loadAnyEnvironment(module);
}

/**
 * The environment that is the default export of a .ts, .js, .mjs or .cjs module: of `defineEnvironment`, or a
 * plain object of the same shape. The module may import 'qfleet' and '@qfleet/envs' wherever it lies. Node strips its
 * types, so only erasable TypeScript is understood.
 *
 * @param path relative paths start from the working directory.
 * @throws EnvironmentDefinitionError when there is no such file, it cannot be run, or a field is wrong.
 */
export async function loadEnvironment(path: string): Promise<EnvironmentDefinition> {
  return withActions(await loadAnyEnvironment(path));
}

/**
 * The same, where the default export may be a text environment too: of `defineTextEnvironment`, or a plain object whose
 * kind is `text`.
 *
 * @throws EnvironmentDefinitionError as `loadEnvironment` does.
 */
export async function loadAnyEnvironment(path: string): Promise<AnyDefinition> {
  const file = resolve(path);
  if (!existsSync(file)) throw new EnvironmentDefinitionError(`There is no environment module ${path}.`);
  resolveEnvs();
  const module = await importModule(file, path);
  return moduleDefinition(module, path);
}

async function importModule(file: string, path: string): Promise<object> {
  enterUserCode('load', path, 0, 0, 0);
  try {
    return await import(/* @vite-ignore */ pathToFileURL(file).href);
  } catch (cause) {
    const why = loadFailure(cause, lastResolved);
    throw new EnvironmentDefinitionError(`Environment module ${path} cannot be loaded: ${why}.`, { cause });
  } finally {
    leaveUserCode();
  }
}

let hooked = false;
/** The URL of the module that was resolved last. */
let lastResolved = '';

/** Lets modules, wherever they lie, import 'qfleet' and '@qfleet/envs' by name: what this process runs, and no second copy. */
function resolveEnvs(): void {
  if (hooked) return;
  hooked = true;
  // Names of package.json, which stand for other files where Qfleet is installed.
  const urls = new Map([
    ['@qfleet/envs', import.meta.resolve('#envs')],
    ['qfleet', import.meta.resolve('#qfleet')],
  ]);
  registerHooks({
    resolve: (specifier, context, next) => {
      const url = urls.get(specifier);
      if (url !== undefined) return { url, shortCircuit: true };
      const resolved = next(specifier, context);
      lastResolved = resolved.url;
      return resolved;
    },
  });
}
