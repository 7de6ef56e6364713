import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CommandError } from '../errors.ts';

/** What a path is answered with. */
export interface Answer {
  readonly type: string;
  /** Null: what was there is not any more. */
  readonly body: string | Uint8Array | null;
}

/** What the page's server has beside the page. */
export interface Routes {
  /** @returns null: there is no such path. @throws Error, whose sentence the page shows. */
  answer(path: string): Promise<Answer | null>;
  /** What a posted body is answered with. @returns null: nothing is posted there. @throws as `answer`. */
  post(path: string, body: Buffer): Promise<Answer | null>;
  /** Takes over a response of server-sent events. */
  events(response: ServerResponse): void;
}

/** Bytes of a posted body, at most. */
const MOST_POSTED = 1_024;

const LOOPBACK = '127.0.0.1';

/** Nothing but the page's own files, and nothing of it elsewhere. */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; " +
    "connect-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
} as const;

/** The page's server: on loopback alone, for whoever knows the token in its address. */
export class PageServer {
  readonly #server: Server;
  readonly #token = randomBytes(18).toString('base64url');
  readonly #routes: Routes;

  private constructor(routes: Routes) {
    this.#routes = routes;
    this.#server = createServer((request, response) => {
      void this.#serve(request, response).catch(() => response.destroy());
    });
  }

  /**
   * Begins to listen.
   * @param port 0: any that is free.
   * @throws CommandError where the port can't be had.
   */
  static async listen(routes: Routes, port: number): Promise<PageServer> {
    const server = new PageServer(routes);
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', ({ code }: NodeJS.ErrnoException) => {
        const why = code === 'EADDRINUSE' ? 'it is in use' : code === 'EACCES' ? 'it is not allowed' : code;
        reject(
          new CommandError(
            `Port ${port} can't be had (${why}): choose another with --port, or leave that out.`,
          ),
        );
      });
      server.#server.listen(port, LOOPBACK, resolve);
    });
    return server;
  }

  /** The page's address, its token included. */
  get url(): string {
    return `http://${LOOPBACK}:${this.#port}/${this.#token}/`;
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refuse = (status: number, sentence: string): void => {
      response.writeHead(status, { ...HEADERS, 'Content-Type': 'text/plain; charset=utf-8' });
      response.end(request.method === 'HEAD' ? undefined : `${sentence}\n`);
    };
    // A name that somebody else's DNS points to this machine is none of ours.
    const hosts = [LOOPBACK, 'localhost'].map((name) => `${name}:${this.#port}`);
    if (!hosts.includes(request.headers.host ?? '')) {
      return refuse(403, 'This page is for this machine alone: open the address that qfleet watch printed.');
    }
    const { method = '' } = request;
    if (!['GET', 'HEAD', 'POST'].includes(method)) return refuse(405, 'This page is only read.');
    const [path] = (request.url ?? '').split('?');
    const [, token = '', ...rest] = path.split('/');
    if (!this.#knows(token)) {
      return refuse(403, 'This page needs the token of its address: open the one that qfleet watch printed.');
    }
    if (rest.length === 0) {
      response.writeHead(308, { ...HEADERS, Location: `/${token}/` });
      response.end();
      return;
    }
    const asked = rest.join('/');
    if (method === 'POST') {
      // What other pages of this browser send tells where they are from.
      const { origin = `http://${request.headers.host}` } = request.headers;
      if (!hosts.some((host) => origin === `http://${host}`)) {
        return refuse(403, 'This page takes nothing from other pages.');
      }
    }
    const posted = method === 'POST' ? await bodyOf(request) : null;
    if (posted === 'too large') return refuse(413, `A request may have ${MOST_POSTED} bytes.`);
    if (asked === 'events' && request.method === 'GET') {
      response.writeHead(200, { ...HEADERS, 'Content-Type': 'text/event-stream' });
      return this.#routes.events(response);
    }
    let answer: Answer | null;
    try {
      answer = await (posted === null ? this.#routes.answer(asked) : this.#routes.post(asked, posted));
    } catch (error) {
      return refuse(409, (error as Error).message);
    }
    if (answer === null && posted !== null) return refuse(405, 'This page is only read.');
    if (answer === null)
      return refuse(404, 'There is no such file: open the address that qfleet watch printed.');
    const { type, body } = answer;
    if (body === null) {
      response.writeHead(204, HEADERS);
      response.end();
      return;
    }
    response.writeHead(200, { ...HEADERS, 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  /** Compared in the same time, however much of it is right. */
  #knows(token: string): boolean {
    const [given, own] = [Buffer.from(token), Buffer.from(this.#token)];
    return given.length === own.length && timingSafeEqual(given, own);
  }
}

/** A request's body; its rest is not read once it is too large. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | 'too large'> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MOST_POSTED) return 'too large';
    parts.push(part);
  }
  return Buffer.concat(parts);
}
