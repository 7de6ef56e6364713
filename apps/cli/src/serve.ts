import { once } from 'node:events';
import { type PolicyServer, readTrained, servePolicy, type Which } from '@qfleet/policy';
import { Interrupt } from './terminal/interrupt.ts';
import { print, shown } from './terminal/output.ts';

/** The options of `qfleet serve`. */
export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  readonly checkpoint: Which;
  readonly env?: string;
}

/** `qfleet serve`: answers until it is interrupted. */
export async function serve(run: string, { host, port, checkpoint, env }: ServeOptions): Promise<void> {
  const warn = (sentence: string): boolean => process.stderr.write(`${sentence}\n`);
  const trained = await readTrained(run, { checkpoint, env, warn });
  const server: PolicyServer = await servePolicy(trained, { host, port });
  const interrupt = new Interrupt(() => undefined);
  const at = `http://${host.includes(':') ? `[${host}]` : host}:${server.port}`;
  await print(`${shown(trained.path)}, update ${trained.checkpoint.updates}, acts at ${at}/act`);
  if (!interrupt.signal.aborted) await once(interrupt.signal, 'abort');
  await server.close();
  interrupt.stop();
}
