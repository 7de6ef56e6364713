import {
  DialoguePlay,
  nameActions,
  type PageData,
  Play,
  RemotePlay,
  type RemoteStage,
  type RunConfig,
  readWeights,
  runConfigOf,
  setWasmFile,
  speaks,
} from '@qfleet/browser';
import { type AnyDefinition, isText } from '@qfleet/envs';
import { App } from './app.ts';
import { DialogueApp } from './dialogue-app.ts';
import { loadModule } from './run/load-module.ts';
import { methodOf } from './run/method-of.ts';
import { ServedRun } from './run/served-run.ts';
import type { RunSource } from './run/source.ts';
import { StaticRun } from './run/static-run.ts';
import { stageActions } from './stage.ts';
import { element } from './view/elements.ts';

/** Where an exported page has its data. */
declare global {
  interface Window {
    qfleetData?: PageData;
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
  // It may register what the configuration names.
  const definition = about.hasModule ? await loadModule() : undefined;
  const config = runConfigOf(about.config, 'The run’s configuration');
  const { id } = definition ?? config.environment;
  document.title = `${id} – Qfleet`;
  element('title').textContent = id;
  element('about').textContent = `${config.name} · ${methodOf(config)} · run ${about.run}`;
  const app = await appOf(config, source, about.stage, definition);
  app.start();
}

async function appOf(
  config: RunConfig,
  source: RunSource,
  stage: RemoteStage | null,
  definition: AnyDefinition | undefined,
): Promise<{ start(): void }> {
  const parts = { config, source, readWeights, fail };
  const isSpoken = definition !== undefined && isText(definition);
  if (speaks(config)) {
    if (definition !== undefined && !isSpoken)
      throw new Error(`Environment ${definition.id} does not speak, and the run’s agent does.`);
    return new DialogueApp({ ...parts, play: DialoguePlay.create(config, definition) });
  }
  if (isSpoken) throw new Error(`Environment ${definition.id} speaks, and the run’s agent does not.`);
  const play =
    stage === null
      ? await Play.create(config, definition)
      : await RemotePlay.create(config, stage, (request) => source.ask(request));
  const { id, actionSpace } = play.definition;
  const names = nameActions(id, actionSpace.n, stage?.actionNames);
  return new App({ ...parts, play, actions: stageActions(names) });
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
