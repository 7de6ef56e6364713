import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '../../../../test/support/qfleet.ts';

/** The lines before an environment's definition, and statements of its methods. */
export interface Wrong {
  readonly load?: string;
  readonly create?: string;
  readonly reset?: string;
  readonly step?: string;
  readonly limit?: number | null;
}

/** A folder with the module of an environment that does something that it shouldn't. */
export async function folderWith({
  load = '',
  create = '',
  reset = '',
  step = '',
  limit = 5,
}: Wrong): Promise<string> {
  const cwd = temporaryDirectory();
  await writeFile(
    join(cwd, 'env.ts'),
    `import { execFileSync } from 'node:child_process';
import { writeSync } from 'node:fs';
import { defineEnvironment, discrete } from '@qfleet/envs';
${load}
export default defineEnvironment({
  id: 'Own-v0', observationSpace: discrete(2), actionSpace: discrete(2), maxEpisodeSteps: ${limit},
  create: () => {
    let t = 0;
    ${create}
    return {
      reset() { ${reset}; return 0; },
      step() { t++; ${step}; return { observation: 0, reward: 1, terminated: false }; },
    };
  },
});
`,
  );
  return cwd;
}

export const check = ['env', 'check', 'env.ts', '--steps', '40', '--json'];
// A table learns without TensorFlow, which takes its time to load.
export const trainFleet = ['train', 'env.ts', '--run-dir', 'run', '--json'].concat(
  ['agent.kind=tabular', 'replay.minSize=64'].flatMap((field) => ['--set', field]),
);
export const train = [...trainFleet, '--single', '--max-updates', '8'];
