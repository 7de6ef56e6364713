import { existsSync } from 'node:fs';
import { loadRunConfig, parseYaml, readConfigFile } from '@qfleet/config';
import { isAtari, isBridged, resolveEnvironment } from '@qfleet/env-host';
import { box, type EnvironmentDefinition, findEnvironment, type Space } from '@qfleet/envs';
import { isModule } from '../arguments.ts';

/** What a configuration is made from. */
export type KnownDefinition = Pick<
  EnvironmentDefinition,
  'id' | 'observationSpace' | 'maxEpisodeSteps' | 'solvedReturn'
>;

/** What Gymnasium said of its environments, by their ids. */
const described = new Map<string, KnownDefinition>();

/** A game's screen, by the settings that a run has unless it says otherwise. */
const SCREEN: Space = box({ low: 0, high: 255, shape: [84, 84], dtype: 'uint8' });
const ATARI_STEPS = 27_000;

/**
 * Asks Gymnasium what it knows of the environment that `what` names, an id, a configuration or a sweep, so that `knownEnvironment` knows it.
 * @throws EnvironmentDefinitionError
 */
export async function askGymnasium(what: string, python?: string): Promise<void> {
  const id = isBridged(what) ? what : bridgedOf(what);
  if (id === null || isAtari(id) || described.has(id)) return;
  const gymnasium = loadRunConfig(
    { environment: { id, isDiscrete: false, maxEpisodeSteps: null, solvedReturn: null } },
    python === undefined ? [] : [`environment.gymnasium.python=${JSON.stringify(python)}`],
  ).environment.gymnasium;
  described.set(id, await resolveEnvironment({ id, gymnasium }));
}

/** The environment of a configuration, where Gymnasium plays it; null: it does not. */
function bridgedOf(what: string): string | null {
  if (isModule(what) || !/\.ya?ml$/.test(what) || !existsSync(what)) return null;
  try {
    const { environment, train } = parseYaml(readConfigFile(what), what).value as Partial<{
      environment: { id?: unknown };
      train: unknown;
    }>;
    const id = train ?? environment?.id;
    return typeof id === 'string' && isBridged(id) ? id : null;
  } catch {
    // Whoever trains by it says what is wrong with it.
    return null;
  }
}

/** What is known of an environment that is native, or that Gymnasium was asked for. @throws EnvironmentDefinitionError */
export function knownEnvironment(id: string): KnownDefinition {
  if (!isBridged(id)) return findEnvironment(id);
  const known = described.get(id);
  if (known !== undefined) return known;
  return { id, observationSpace: SCREEN, maxEpisodeSteps: ATARI_STEPS, solvedReturn: null };
}
