import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PageData } from '@qfleet/browser';
import type { RunConfig } from '@qfleet/config';
import { RunDirectory } from '@qfleet/report';
import { UsageError } from '../errors.ts';
import { suggest } from '../suggest.ts';
import { bytes, counted, print, printJson } from '../terminal/output.ts';
import { bundleEnvironment } from './bundle-environment.ts';
import { type FeedOptions, isPlayedByPython, openDirectory } from './open-feed.ts';
import { PAGE_FILES, pageFile, WASM } from './page-files.ts';
import { aboutRun } from './routes.ts';

/** Where `index.html` takes further scripts. */
const PLACE = '<!-- data: written by qfleet export --page -->';

/** The options of `qfleet export --page`. */
export type ExportPageOptions = Pick<FeedOptions, 'env' | 'trust'> & { readonly json?: true };

/** `qfleet export --page`: the page of `qfleet watch` as files, with the run's checkpoints in them. */
export async function exportPage(path: string, out: string, options: ExportPageOptions): Promise<void> {
  const { environment } = RunDirectory.open(path).config;
  if (isPlayedByPython(environment)) {
    throw new UsageError(
      `The environment of ${path}, ${environment.id}, is played in Python, which a page as files can't ask: ${suggest('watch', path)} shows it.`,
    );
  }
  const { run, config, feed } = await openDirectory(path, options, true);
  const standing = await feed.read();
  const weights: Record<string, string> = {};
  for (const { name } of standing.checkpoints) {
    const bytes = await feed.weights(name);
    if (bytes !== null) weights[name] = Buffer.from(bytes).toString('base64');
  }
  const { module } = config.environment;
  const script = module === undefined ? null : await bundleEnvironment(module);
  const data: PageData = {
    about: aboutRun(run, config, null),
    standing: {
      ...standing,
      phase: 'ended',
      checkpoints: standing.checkpoints.filter(({ name }) => name in weights),
    },
    weights,
    wasm: needsTensorFlow(config) ? pageFile(WASM).toString('base64') : null,
  };
  makeEmpty(out);
  const files: Record<string, string | Uint8Array> = {
    ...Object.fromEntries(
      Object.keys(PAGE_FILES)
        .filter((name) => name !== WASM)
        .map((name) => [name, pageFile(name)]),
    ),
    'index.html': pageFile('index.html')
      .toString('utf8')
      .replace(PLACE, '<script src="data.js" defer></script>'),
    'data.js': `window.qfleetData = ${JSON.stringify(data)};\n`,
    ...(script === null ? {} : { 'environment.js': script }),
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(out, name), content);
  const size = Object.values(files).reduce((sum, content) => sum + Buffer.byteLength(content), 0);
  if (options.json) return printJson({ directory: out, files: Object.keys(files), bytes: size });
  await print(
    `${out}: ${bytes(size)}, ${counted(standing.checkpoints.length, 'checkpoint')} of ${config.environment.id}. ` +
      `Open ${join(out, 'index.html')}, or put the folder on any web server.`,
  );
}

/** Whether the page computes the network on tfjs: every torso but those that our kernels compute, and what an objective of user code may ask for. */
const needsTensorFlow = ({ agent }: RunConfig): boolean =>
  agent.kind !== 'tabular' &&
  (!['mlp', 'minatar-cnn', 'decoder'].includes(agent.network.kind) ||
    (agent.kind === 'dqn' && agent.objective.kind === 'custom'));

function makeEmpty(folder: string): void {
  mkdirSync(folder, { recursive: true });
  if (readdirSync(folder).length > 0) {
    throw new UsageError(`${folder} is not empty: name a folder that is not there yet, or empty.`);
  }
}
