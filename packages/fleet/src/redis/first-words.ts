import { type NetConnectOpts, connect as openPlain, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as openTls } from 'node:tls';
import type { RedisOptions } from 'ioredis';
import { messageOf } from '../errors.ts';

/** A server that has something to say before it is asked says it at once. */
const LISTEN_MS = 500;
const MOST_CHARACTERS = 300;

/**
 * The error that a server gives instead of taking a connection, as in protected mode (`-DENIED …`) or beyond its
 * `maxclients`. It then closes the connection; a client that was faster to write hears of nothing but that.
 * @returns null where the server says nothing of its own accord.
 */
export async function firstWords(options: RedisOptions): Promise<Error | null> {
  const socket = open(options);
  let text = '';
  const ended = new Promise<void>((resolve) => {
    socket.setEncoding('utf8').on('data', (data: string) => {
      text += data;
      if (text.includes('\n') || text.length > MOST_CHARACTERS) resolve();
    });
    socket.on('close', () => resolve()).on('error', () => resolve());
  });
  await Promise.race([ended, sleep(LISTEN_MS, undefined, { ref: false })]);
  socket.destroy();
  const [line] = text.slice(0, MOST_CHARACTERS).split(/\r?\n/);
  return line.startsWith('-') ? new Error(line.slice(1)) : null;
}

function open({ host, port, path, tls }: RedisOptions): Socket {
  const address = (path ? { path } : { host: host ?? '127.0.0.1', port: port ?? 6379 }) as NetConnectOpts;
  return tls ? openTls({ ...address, ...tls }) : openPlain(address);
}

/** Whether the other side ended the connection before it said why. */
export const wasCutOff = (error: unknown): boolean =>
  /^(ECONNRESET|EPIPE)$/.test((error as { code?: string } | null)?.code ?? '') ||
  messageOf(error).startsWith('Connection is closed');
