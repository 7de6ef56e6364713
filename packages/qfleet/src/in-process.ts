import { readFileSync } from 'node:fs';
import type { RunConfig } from '@qfleet/config';
import type { RunDirectory, RunSummary } from '@qfleet/report';
import { trainSingle } from '@qfleet/single';
import { provideTensor } from '@qfleet/tensor';
import { summarize } from '@qfleet/training';
import type { RunHooks } from './run.ts';

/** Qfleet's version. */
const version = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

/** Trains in this process, from the directory's newest checkpoint where there is one, and writes the run's summary. */
export async function trainInProcess(
  directory: RunDirectory,
  config: RunConfig,
  hooks: RunHooks,
): Promise<RunSummary> {
  const { signal, onEvaluation, onProgress } = hooks;
  const onWarning = hooks.onWarning ?? ((sentence: string) => void process.stderr.write(`${sentence}\n`));
  if (config.agent.kind !== 'tabular') await provideTensor(onWarning);
  const began = performance.now();
  const { stopReason, steps } = await trainSingle(config, {
    ...{ directory, onWarning },
    ...(signal === undefined ? {} : { signal }),
    ...(onEvaluation === undefined
      ? {}
      : { onEvaluation: ({ updates, mean, std }) => onEvaluation({ updates, mean, std }) }),
    ...(onProgress === undefined
      ? {}
      : {
          onProgress: ({ seconds, steps: played, updates, meanReturn }) =>
            onProgress({ seconds, steps: played, updates, meanReturn }),
        }),
  });
  const wallSeconds = (performance.now() - began) / 1000;
  return summarize(
    directory,
    { stopReason: stopReason ?? 'interrupted', steps, restarts: 0, wallSeconds },
    version,
  );
}
