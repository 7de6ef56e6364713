import { once } from 'node:events';
import { Interrupt } from '../terminal/interrupt.ts';
import { print, printJson } from '../terminal/output.ts';
import { BridgedStages } from './bridged-stages.ts';
import { bundleEnvironment } from './bundle-environment.ts';
import { type FeedOptions, isPlayedByPython, openFeed } from './open-feed.ts';
import { RunRoutes } from './routes.ts';
import { PageServer } from './server.ts';

/** The options of `qfleet watch`. */
export interface WatchOptions extends FeedOptions {
  readonly port: number;
  readonly json?: true;
}

/** `qfleet watch`: serves the page until Ctrl-C. */
export async function watch(path: string | undefined, options: WatchOptions): Promise<void> {
  const opened = await openFeed(path, options);
  const { config, feed } = opened;
  const warn = (sentence: string) => process.stderr.write(`${sentence}\n`);
  try {
    // Says at once what is wrong with it.
    if (config.environment.module !== undefined) await bundleEnvironment(config.environment.module);
    const stages = isPlayedByPython(config.environment) ? await BridgedStages.open(config) : null;
    const routes = new RunRoutes(opened, stages, await feed.read(), warn);
    try {
      const server = await PageServer.listen(routes, options.port);
      const interrupt = new Interrupt(() => undefined);
      if (options.json) await printJson({ url: server.url });
      else await print(`${config.environment.id} plays at ${server.url}\nCtrl-C ends it.`);
      if (!interrupt.signal.aborted) await once(interrupt.signal, 'abort');
      routes.close();
      await server.close();
      interrupt.stop();
    } finally {
      routes.close();
      stages?.close();
    }
  } finally {
    await feed.close();
  }
}
