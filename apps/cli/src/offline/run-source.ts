import type { Chunk } from '@qfleet/replay';
import { RunDirectory, readLaunch } from '@qfleet/report';
import { UsageError } from '../errors.ts';
import { readChunks } from '../replay/chunks.ts';
import { taskOf } from '../replay/metadata.ts';
import { withReplay } from '../replay/open.ts';
import { suggest } from '../suggest.ts';
import { shown } from '../terminal/output.ts';
import { keptReplays } from '../train/kept-replay.ts';
import { fileSource } from './file-source.ts';
import type { OfflineSource } from './source.ts';
import { checkFits } from './target.ts';

/**
 * The experience that a run which has ended left in its directory.
 * @throws UsageError where it still trains, or has kept none.
 */
export function runSources(path: string): OfflineSource[] {
  const directory = RunDirectory.open(path);
  const where = shown(directory.path);
  if (RunDirectory.session(directory.path)?.life === 'living') {
    throw new UsageError(`${where} still trains: end it first, with ${suggest('stop', where)}.`);
  }
  const { mode, offline } = readLaunch(directory);
  if (offline !== undefined) {
    const from = offline.map(({ path }) => shown(path)).join(' ');
    throw new UsageError(
      `${where} learned offline itself, and played nothing: name what it learned from, ${from}.`,
    );
  }
  if (mode === 'fleet') return [fleetSource(directory)];
  const files = keptReplays(directory);
  if (files.length === 0) {
    throw new UsageError(
      `${where} has no replay: it was trained in one process without --keep-replay, and its replay ended with that.`,
    );
  }
  return files.map(fileSource);
}

/** What the replay of a fleet holds on its Redis. */
const fleetSource = ({ path, config }: RunDirectory): OfflineSource => ({
  open: (target, use) =>
    withReplay(path, {}, async (replay) => {
      checkFits(shown(path), taskOf(config.environment), replay.layout, target);
      const { transitions } = await replay.store.standing();
      return use({
        path,
        transitions,
        async *chunks(refused): AsyncGenerator<Chunk> {
          for await (const portion of readChunks(replay, refused)) {
            for (const { chunk } of portion) yield chunk;
          }
        },
      });
    }),
});
