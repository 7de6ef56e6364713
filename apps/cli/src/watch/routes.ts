import type { ServerResponse } from 'node:http';
import type { AboutRun, Standing } from '@qfleet/browser';
import type { RunConfig } from '@qfleet/config';
import { UsageError } from '../errors.ts';
import type { BridgedStages } from './bridged-stages.ts';
import { bundleEnvironment } from './bundle-environment.ts';
import type { Feed } from './feed.ts';
import { PAGE_FILES, pageFile } from './page-files.ts';
import type { Answer, Routes } from './server.ts';
import { readStageRequest } from './stage-request.ts';

const POLL_MS = 1_000;
const WEIGHTS = 'weights/';
const STAGE = 'stage/';

/** A run as the page asks for it: its files, its weights, and how it stands. */
export class RunRoutes implements Routes {
  readonly #run: string;
  readonly #config: RunConfig;
  readonly #feed: Feed;
  readonly #stages: BridgedStages | null;
  readonly #listeners = new Set<ServerResponse>();
  readonly #timer: NodeJS.Timeout;
  readonly #warn: (sentence: string) => void;
  #last: Standing;
  #reading = false;
  #warned = '';

  /**
   * @param stages where Python plays the environment; null: the page plays it.
   * @param standing how the run stands now.
   * @param warn told what can't be read meanwhile, once for each time that another thing is wrong.
   */
  constructor(
    { run, config, feed }: { run: string; config: RunConfig; feed: Feed },
    stages: BridgedStages | null,
    standing: Standing,
    warn: (sentence: string) => void,
  ) {
    this.#run = run;
    this.#config = config;
    this.#feed = feed;
    this.#stages = stages;
    this.#last = standing;
    this.#warn = warn;
    this.#timer = setInterval(() => void this.#poll(), POLL_MS);
  }

  async answer(path: string): Promise<Answer | null> {
    const name = path === '' ? 'index.html' : path;
    if (Object.hasOwn(PAGE_FILES, name)) return { type: PAGE_FILES[name], body: pageFile(name) };
    const { module } = this.#config.environment;
    if (path === 'run.json') {
      return {
        type: 'application/json',
        body: JSON.stringify(aboutRun(this.#run, this.#config, this.#stages?.about ?? null)),
      };
    }
    if (path === 'environment.js' && module !== undefined) {
      return { type: 'text/javascript; charset=utf-8', body: await bundleEnvironment(module) };
    }
    if (!path.startsWith(WEIGHTS)) return null;
    const body = await this.#feed.weights(path.slice(WEIGHTS.length));
    return { type: 'application/octet-stream', body };
  }

  /** Plays a page's environment, where Python plays it. */
  async post(path: string, body: Buffer): Promise<Answer | null> {
    if (this.#stages === null || !path.startsWith(STAGE)) return null;
    const request = readStageRequest(path.slice(STAGE.length), body);
    if (request === null) throw new UsageError('This is no request of a stage: load the page again.');
    return { type: 'application/octet-stream', body: this.#stages.answer(request) };
  }

  events(response: ServerResponse): void {
    this.#listeners.add(response);
    response.on('close', () => this.#listeners.delete(response));
    response.write(eventOf(this.#last));
  }

  close(): void {
    clearInterval(this.#timer);
    for (const response of this.#listeners) response.end();
  }

  async #poll(): Promise<void> {
    if (this.#reading || this.#listeners.size === 0) return;
    this.#reading = true;
    try {
      const standing = await this.#feed.read();
      this.#warned = '';
      if (JSON.stringify(standing) === JSON.stringify(this.#last)) return;
      this.#last = standing;
      for (const response of this.#listeners) response.write(eventOf(standing));
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.#warned) this.#warn(message);
      this.#warned = message;
    } finally {
      this.#reading = false;
    }
  }
}

/** What the page is told of a run: paths of a module and of a Python are this machine's own, and are not. */
export function aboutRun(run: string, config: RunConfig, stage: AboutRun['stage']): AboutRun {
  const { module, gymnasium, ...environment } = config.environment;
  const told = { ...environment, gymnasium: { ...gymnasium, python: null } };
  return { run, config: { ...config, environment: told }, hasModule: module !== undefined, stage };
}

const eventOf = (standing: Standing): string => `data: ${JSON.stringify(standing)}\n\n`;
