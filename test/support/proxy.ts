import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** One way of a connection: bytes come out in order, late by the latency, and not at all in a partition. */
class Way {
  readonly #to: Socket;
  readonly #network: Network;
  #last: Promise<void> = Promise.resolve();

  constructor(from: Socket, to: Socket, network: Network) {
    this.#to = to;
    this.#network = network;
    from.on('data', (bytes) => this.#later(() => this.pass(bytes)));
    from.on('close', () => this.#later(() => to.destroy()));
    from.on('error', () => undefined);
  }

  /** Whether the next bytes are cut in half, and the connection with them. */
  cut = false;

  pass(bytes: Buffer): void {
    if (!this.cut) {
      this.#to.write(bytes);
      return;
    }
    this.#to.end(bytes.subarray(0, Math.floor(bytes.length / 2)));
    this.#to.destroySoon();
  }

  #later(deliver: () => void): void {
    const due = performance.now() + this.#network.latencyMs;
    this.#last = this.#last.then(async () => {
      const early = due - performance.now();
      if (early > 0) await sleep(early);
      await this.#network.whole;
      deliver();
    });
  }
}

interface Network {
  /** Milliseconds that bytes are in flight, each way. */
  latencyMs: number;
  /** Resolved while there is no partition. */
  whole: Promise<void>;
}

/** A network that can be made bad, between clients and one server. */
export interface NetworkProxy {
  /** `host:port`. */
  readonly address: string;
  latencyMs: number;
  /** The Unix socket of the server that new connections go to; those that are open stay where they are. */
  target: string;
  /** Every connection passes half of the server's next bytes and ends. Gives how many there are. */
  cutMidReply(): number;
  /** Bytes of both ways are held up until `heal`, those of closing connections too. */
  partition(): void;
  heal(): void;
  close(): Promise<void>;
}

/**
 * @param target the server's Unix socket.
 * @param host where it listens.
 */
export async function startProxy(target: string, host: string): Promise<NetworkProxy> {
  const network: Network = { latencyMs: 0, whole: Promise.resolve() };
  const replies = new Set<Way>();
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    const upstream = connect(proxy.target);
    keep(client);
    keep(upstream);
    new Way(client, upstream, network);
    const reply = new Way(upstream, client, network);
    replies.add(reply);
    client.on('close', () => replies.delete(reply));
  });
  server.listen(0, host);
  await once(server, 'listening');
  let heal = (): void => undefined;
  const proxy: NetworkProxy = {
    address: `${host}:${(server.address() as AddressInfo).port}`,
    target,
    get latencyMs() {
      return network.latencyMs;
    },
    set latencyMs(value) {
      network.latencyMs = value;
    },
    cutMidReply() {
      for (const reply of replies) reply.cut = true;
      return replies.size;
    },
    partition() {
      const { promise, resolve } = Promise.withResolvers<void>();
      network.whole = promise;
      heal = resolve;
    },
    heal: () => heal(),
    async close() {
      heal();
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  return proxy;
}
