import { fileURLToPath } from 'node:url';
import { resolveEnvironment } from '@qfleet/env-host';
import { EnvironmentDefinitionError } from '@qfleet/envs';

/** The folder of `qfleet_probe`, a package of environments that try what the bridge to Python has to survive. */
export const probes = fileURLToPath(new URL('../../packages/env-host/test/fixtures/python', import.meta.url));

/** Why Gymnasium is not to be had here, for lack of Python or pip alone; null: it is. */
export async function whyNoGymnasium(id = 'gym:CartPole-v1'): Promise<string | null> {
  try {
    await resolveEnvironment({ id });
    return null;
  } catch (error) {
    if (
      error instanceof EnvironmentDefinitionError &&
      /pip can't|no python3|can't make/.test(error.message)
    ) {
      return error.message;
    }
    throw error;
  }
}
