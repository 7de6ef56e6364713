import {
  type EnvironmentDefinition,
  nameActions,
  Play,
  readWeights,
  runConfigOf,
  setWasmFile,
} from '@qfleet/browser';
import { App } from './app.ts';
import type { RunSource } from './run/about.ts';
import { loadModule } from './run/load-module.ts';
import { ServedRun } from './run/served-run.ts';
import { type StaticData, StaticRun } from './run/static-run.ts';
import { stageActions } from './stage.ts';
import { element } from './view/elements.ts';

/** Where an exported page has its data. */
declare global {
  interface Window {
    qfleetData?: StaticData;
  }
}

/** What is wrong, in one sentence, in place of the page's work. */
function fail(error: unknown): void {
  const problem = element('problem');
  problem.textContent = error instanceof Error ? error.message : String(error);
  problem.hidden = false;
}

async function open(source: RunSource): Promise<void> {
  const about = await source.about();
  const config = runConfigOf(about.config, 'The run’s configuration');
  const definition: EnvironmentDefinition | undefined = about.hasModule ? await loadModule() : undefined;
  const play = await Play.create(config, definition);
  const names = nameActions(play.definition.id, play.definition.actionSpace.n);
  new App({ config, run: about.run, source, play, actions: stageActions(names), readWeights, fail }).start();
}

const data = window.qfleetData;
if (data === undefined) {
  setWasmFile('tfjs-backend-wasm-simd.wasm');
  open(new ServedRun()).catch(fail);
} else {
  const source = new StaticRun(data);
  const wasm = source.wasmUrl();
  if (wasm !== null) setWasmFile(wasm);
  open(source).catch(fail);
}
