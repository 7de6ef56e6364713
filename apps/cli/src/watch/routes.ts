import type { ServerResponse } from 'node:http';
import type { AboutRun, Standing } from '@qfleet/browser';
import type { RunConfig } from '@qfleet/config';
import { bundleEnvironment } from './bundle-environment.ts';
import type { Feed } from './feed.ts';
import { PAGE_FILES, pageFile } from './page-files.ts';
import type { Answer, Routes } from './server.ts';

const POLL_MS = 1_000;
const WEIGHTS = 'weights/';

/** A run as the page asks for it: its files, its weights, and how it stands. */
export class RunRoutes implements Routes {
  readonly #run: string;
  readonly #config: RunConfig;
  readonly #feed: Feed;
  readonly #listeners = new Set<ServerResponse>();
  readonly #timer: NodeJS.Timeout;
  readonly #warn: (sentence: string) => void;
  #last: Standing;
  #reading = false;
  #warned = '';

  /**
   * @param standing how the run stands now.
   * @param warn told what can't be read meanwhile, once for each time that another thing is wrong.
   */
  constructor(
    { run, config, feed }: { run: string; config: RunConfig; feed: Feed },
    standing: Standing,
    warn: (sentence: string) => void,
  ) {
    this.#run = run;
    this.#config = config;
    this.#feed = feed;
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
        body: JSON.stringify(aboutRun(this.#run, this.#config)),
      };
    }
    if (path === 'environment.js' && module !== undefined) {
      return { type: 'text/javascript; charset=utf-8', body: await bundleEnvironment(module) };
    }
    if (!path.startsWith(WEIGHTS)) return null;
    const body = await this.#feed.weights(path.slice(WEIGHTS.length));
    return { type: 'application/octet-stream', body };
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

/** What the page is told of a run: a module's path is this machine's own, and is not. */
export function aboutRun(run: string, config: RunConfig): AboutRun {
  const { module, ...environment } = config.environment;
  return { run, config: { ...config, environment }, hasModule: module !== undefined };
}

const eventOf = (standing: Standing): string => `data: ${JSON.stringify(standing)}\n\n`;
