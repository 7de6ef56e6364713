import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServeMetrics } from '@qfleet/metrics';
import { Registry } from 'prom-client';
import { LoadedPolicy } from '../loaded-policy.ts';
import { PolicyError } from '../policy-error.ts';
import { InputError } from '../read-numbers.ts';
import type { Trained } from '../trained.ts';
import { actOnBytes } from './act-binary.ts';
import { actOnJson } from './act-json.ts';
import { RequestError, readBody } from './read-body.ts';
import { Sessions } from './sessions.ts';

/** Bytes of a request's body. */
const MOST_BYTES = 16 * 2 ** 20;
/** Episodes that are remembered between requests. */
const MOST_SESSIONS = 10_000;
/** Connections at once. */
const MOST_CONNECTIONS = 1_024;

const JSON_TYPE = 'application/json';
const BINARY_TYPE = 'application/octet-stream';

/** Where a server listens; port 0 is any that is free. */
export interface ServeAddress {
  readonly host: string;
  readonly port: number;
}

/** A server of a policy. */
export interface PolicyServer {
  /** The port it listens on. */
  readonly port: number;
  /** Takes no more connections, and is done when the requests in flight are answered. */
  close(): Promise<void>;
}

/** What is sent back. */
interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Buffer;
}

/**
 * Serves a policy: `POST /act` in JSON or bytes, `GET /` with its description, `GET /metrics` in Prometheus's text format and
 * `GET /healthz`.
 *
 * @throws PolicyError when it cannot listen there.
 */
export async function servePolicy(trained: Trained, address: ServeAddress): Promise<PolicyServer> {
  const desk = new Desk(trained, await LoadedPolicy.of(trained));
  const timeouts = { headersTimeout: 5_000, requestTimeout: 30_000, keepAliveTimeout: 5_000 };
  const server = createServer(timeouts, (request, response) => {
    desk.answer(request).then(
      (answer) => send(request, response, answer),
      () => response.destroy(),
    );
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.listen(address.port, address.host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'EADDRINUSE' ? 'the port is taken' : code;
    throw new PolicyError(
      `The policy can't be served on ${address.host}:${address.port} (${why}): choose another with --port, 0 for any free one.`,
    );
  }
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      await closed;
    },
  };
}

function send(request: IncomingMessage, response: ServerResponse, { status, type, body }: Answer): void {
  // Nothing more is read of a body that was refused.
  if (status === 413) response.setHeader('connection', 'close');
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** Answers requests, one after another: a policy is computed on this thread. */
class Desk {
  readonly #trained: Trained;
  readonly #policy: LoadedPolicy;
  readonly #sessions = new Sessions(MOST_SESSIONS);
  readonly #registry = new Registry();
  readonly #metrics = createServeMetrics(this.#registry, () => this.#sessions.size);

  constructor(trained: Trained, policy: LoadedPolicy) {
    this.#trained = trained;
    this.#policy = policy;
  }

  async answer(request: IncomingMessage): Promise<Answer> {
    const path = request.url?.split('?', 1)[0] ?? '';
    try {
      const answer = await this.#route(path, request);
      this.#metrics.answered(answer.status);
      return answer;
    } catch (error) {
      const status = error instanceof RequestError ? error.status : error instanceof InputError ? 400 : 500;
      this.#metrics.answered(status);
      const message =
        status === 500
          ? 'The policy could not be computed; the server’s log says why.'
          : (error as Error).message;
      if (status === 500) process.stderr.write(`${(error as Error).message}\n`);
      return json(status, { error: message });
    }
  }

  async #route(path: string, request: IncomingMessage): Promise<Answer> {
    const { method = '' } = request;
    const reads = method === 'GET' || method === 'HEAD';
    if (path === '/act') {
      if (method === 'POST') return this.#act(request);
      throw new RequestError(405, 'POST /act takes states; GET / says what they are.');
    }
    if (!['/', '/metrics', '/healthz'].includes(path)) {
      throw new RequestError(404, 'There are POST /act, and GET /, /metrics and /healthz.');
    }
    if (!reads) throw new RequestError(405, `Only GET and HEAD ${path}.`);
    if (path === '/metrics') {
      return { status: 200, type: this.#registry.contentType, body: await this.#registry.metrics() };
    }
    return json(
      200,
      path === '/' ? this.#policy.description : { ok: true, updates: this.#policy.description.updates },
    );
  }

  async #act(request: IncomingMessage): Promise<Answer> {
    const type = (request.headers['content-type'] ?? JSON_TYPE).split(';', 1)[0].trim().toLowerCase();
    if (type !== JSON_TYPE && type !== BINARY_TYPE) {
      throw new RequestError(415, `POST /act takes ${JSON_TYPE} and ${BINARY_TYPE}.`);
    }
    const body = await readBody(request, MOST_BYTES);
    const began = performance.now();
    if (type === BINARY_TYPE) {
      const { answer, states } = actOnBytes(this.#policy, this.#trained.layout, body);
      this.#metrics.acted(states, (performance.now() - began) / 1000);
      return { status: 200, type: BINARY_TYPE, body: answer };
    }
    const { answer, states } = actOnJson(this.#policy, this.#sessions, parse(body));
    this.#metrics.acted(states, (performance.now() - began) / 1000);
    return json(200, answer);
  }
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new InputError('The body is not JSON.');
  }
}

const json = (status: number, value: unknown): Answer => ({
  status,
  type: JSON_TYPE,
  body: `${JSON.stringify(value)}\n`,
});
