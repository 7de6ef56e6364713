import type { IncomingMessage } from 'node:http';

/** A request that is refused before the policy is asked: its status, and one sentence. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** How much of a body that is too large is read and let go, so that a client that still writes gets its answer. */
const READ_ANYWAY = 8;

/**
 * The whole body of a request.
 * @throws RequestError where it has more than `most` bytes: no more of them are held.
 */
export async function readBody(request: IncomingMessage, most: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > most) parts.length = 0;
    else parts.push(part);
    if (size > most * READ_ANYWAY) break;
  }
  if (size <= most) return Buffer.concat(parts);
  throw new RequestError(413, `The body may have ${most} bytes at most: ask for fewer states at once.`);
}
