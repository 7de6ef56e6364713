import { moduleLibrary } from '@qfleet/browser';
import { type AnyDefinition, moduleDefinition } from '@qfleet/envs';

/** The global that `environment.js` defines, the exports of the user's module; and the one that it takes what it imports from 'qfleet' of. */
const GLOBAL = 'qfleetEnvironment';
const LIBRARY = 'qfleetLibrary';

/**
 * The environment of a user's module, which the command has bundled.
 * @throws Error: one sentence.
 */
export async function loadModule(): Promise<AnyDefinition> {
  Object.assign(window, { [LIBRARY]: moduleLibrary });
  await new Promise<void>((resolve, reject) => {
    const script = document.createElement('script');
    script.src = 'environment.js';
    script.onload = () => resolve();
    script.onerror = () =>
      reject(new Error('The environment’s module could not be loaded: see the command’s terminal.'));
    document.head.append(script);
  });
  const module = (window as unknown as Record<string, object | undefined>)[GLOBAL];
  if (module === undefined)
    throw new Error('The environment’s module threw as it was loaded: see the browser’s console.');
  return moduleDefinition(module, 'of the run');
}
