import type { RunConfig } from '@qfleet/config';
import { openLearning } from '@qfleet/rollout';
import { checkRun } from '@qfleet/training';
import { LiveDisplay } from '../terminal/live-display.ts';
import { integer, returned, shown } from '../terminal/output.ts';
import { transitionsName } from '../train/steps-name.ts';
import { OfflineExperience } from './experience.ts';
import { withSources } from './source.ts';
import { sourcesOf } from './sources.ts';

/** Chunks between two turns of the event loop, in which progress is shown. */
const CHUNKS_A_TURN = 256;

/**
 * Reads all that an offline run is to learn from into memory, and checks all of it on the way.
 *
 * @param places files, and directories of runs that have ended.
 * @param json whether how far it is goes to stderr.
 * @throws UsageError for what can't be read or does not fit the run; ConfigError where the run can't be trained on it here.
 */
export async function readOffline(
  places: readonly string[],
  config: RunConfig,
  json: boolean,
): Promise<OfflineExperience> {
  const display = new LiveDisplay<Reading>({ block: lineOf, line: lineOf }, json);
  try {
    return await readInto(places, config, display);
  } finally {
    display.close();
  }
}

async function readInto(
  places: readonly string[],
  config: RunConfig,
  display: LiveDisplay<Reading>,
): Promise<OfflineExperience> {
  const { layout } = await openLearning(config);
  const target = { environment: config.environment, layout };
  return await withSources(sourcesOf(places), target, async (sources) => {
    const steps = transitionsName(config);
    const total = sources.reduce((sum, { transitions }) => sum + transitions, 0);
    checkRun(config, layout, { holdsReplay: true, recorded: total });
    const experience = new OfflineExperience(config, layout, total);
    let corrupted = 0;
    let chunks = 0;
    for (const source of sources) {
      experience.begin(source.path);
      const refused = (): void => {
        corrupted++;
      };
      for await (const chunk of source.chunks(refused)) {
        await experience.add(chunk);
        if (++chunks % CHUNKS_A_TURN !== 0) continue;
        const read = experience.transitions + experience.repeated;
        display.update({ path: source.path, read, total, steps });
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    if (corrupted > 0) display.warn(`${integer(corrupted)} corrupted chunks were left out.`);
    display.say(describe(experience, steps));
    // What was said to be there may be less: repeated, or corrupted.
    checkRun(config, layout, { holdsReplay: true, recorded: experience.transitions });
    return experience;
  });
}

/** How far the reading is. */
interface Reading {
  readonly path: string;
  /** Transitions so far, of so many. */
  readonly read: number;
  readonly total: number;
  /** What is counted. */
  readonly steps: string;
}

const lineOf = ({ path, read, total, steps }: Reading): string =>
  `Reading ${shown(path)}: ${integer(read)} of ${integer(total)} ${steps}, ${Math.floor((100 * read) / total)} %`;

function describe({ recorded, repeated }: OfflineExperience, steps: string): string {
  const { transitions, episodes, meanReturn, sources } = recorded;
  const from = sources.length === 1 ? shown(sources[0].path) : `${sources.length} files`;
  const mean = meanReturn === null ? '' : ` with a mean return of ${returned(meanReturn)}`;
  const rest = repeated > 0 ? ` (${integer(repeated)} more were there twice)` : '';
  return `Read ${integer(transitions)} ${steps}, ${integer(episodes)} whole episodes${mean}, from ${from}${rest}.`;
}
