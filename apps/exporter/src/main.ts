import { once } from 'node:events';
import { FleetReader, Heartbeats, runProcess } from '@qfleet/fleet';
import { FleetWatch } from './fleet-watch.ts';
import { startServer } from './server.ts';
import { readAddress } from './settings.ts';

await runProcess('exporter', async ({ env, log, redis, signal, outlast }) => {
  const address = readAddress(process.env);
  const reader = new FleetReader(redis, env.run);
  const watch = new FleetWatch(
    () => reader.read(),
    () => redis.status === 'ready',
  );
  const server = await startServer(address, env.run, watch);
  const heartbeats = new Heartbeats({
    redis,
    run: env.run,
    role: 'exporter',
    id: env.id,
    name: env.name,
    measure: () => ({ snapshot: { port: server.port, scrapes: server.scrapes }, totals: {} }),
    log,
  });
  await outlast(() => heartbeats.start());
  log.info({ host: address.host, port: server.port }, 'Serving /metrics and /healthz.');
  if (!signal.aborted) await once(signal, 'abort');
  await server.close();
  // With Redis away the last heartbeat would wait for it: its expiry has the same effect.
  if (redis.status === 'ready') await heartbeats.stop();
  await reader.close();
});
