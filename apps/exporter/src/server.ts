import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FleetConfigurationError } from '@qfleet/fleet';
import { createFleetMetrics } from '@qfleet/metrics';
import { Registry } from 'prom-client';
import type { FleetWatch, Sight } from './fleet-watch.ts';
import { healthOf } from './health.ts';
import type { Address } from './settings.ts';

/** Connections at once: a Prometheus has one, or a few. */
const MOST_CONNECTIONS = 64;
/** A client that has not taken its answer by then is cut off. */
const ANSWER_MS = 5_000;

export interface ExporterServer {
  /** The one it listens on. */
  readonly port: number;
  /** Answers to `/metrics` so far. */
  readonly scrapes: number;
  close(): Promise<void>;
}

/**
 * Serves `/metrics` in Prometheus's text format and `/healthz` as JSON (200 or 503). What a client sends decides only
 * between these.
 *
 * @throws FleetConfigurationError when it cannot listen there.
 */
export async function startServer(address: Address, run: string, watch: FleetWatch): Promise<ExporterServer> {
  const registry = new Registry();
  const metrics = createFleetMetrics(registry, run);
  let scrapes = 0;
  let last: { readonly fleet: Sight['fleet']; readonly text: Promise<Buffer> } | null = null;

  /** The metrics of a sight as text: made once, and shared by all requests that wait for it. */
  function textOf(fleet: Sight['fleet']): Promise<Buffer> {
    if (last === null || last.fleet !== fleet) {
      metrics.update(fleet);
      const text = registry.metrics().then((lines) => Buffer.from(lines));
      last = { fleet, text };
      text.catch(() => {
        last = null;
      });
    }
    return last.text;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const send = (status: number, type: string, body: string | Buffer) => {
      response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
      response.end(request.method === 'HEAD' ? undefined : body);
    };
    const path = request.url?.split('?', 1)[0];
    if (path !== '/metrics' && path !== '/healthz') {
      send(404, 'text/plain', 'There are /metrics and /healthz.\n');
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      send(405, 'text/plain', 'Only GET and HEAD.\n');
    } else if (path === '/healthz') {
      const health = healthOf(run, await watch.look());
      send(health.ok ? 200 : 503, 'application/json', `${JSON.stringify(health)}\n`);
    } else {
      // 200 also without Redis: Prometheus would not take qfleet_exporter_redis_up from another answer.
      const text = await textOf((await watch.look()).fleet);
      scrapes++;
      send(200, registry.contentType, text);
    }
  }

  const timeouts = { headersTimeout: 5_000, requestTimeout: 10_000, connectionsCheckingInterval: 1_000 };
  const server = createServer(timeouts, (request, response) => {
    const cut = setTimeout(() => request.socket.destroy(), ANSWER_MS);
    response.once('close', () => clearTimeout(cut));
    answer(request, response).catch(() => response.destroy());
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.listen(address.port, address.host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'EADDRINUSE' ? 'the port is taken' : code;
    throw new FleetConfigurationError(
      `The exporter cannot serve on ${address.host}:${address.port} (${why}): set QFLEET_EXPORTER_HOST and QFLEET_EXPORTER_PORT, 0 for any free port.`,
    );
  }
  return {
    port: (server.address() as AddressInfo).port,
    get scrapes() {
      return scrapes;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
