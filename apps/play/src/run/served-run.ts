import type { AboutRun, StageRequest, Standing } from '@qfleet/browser';
import type { RunSource } from './source.ts';

/** A run as `qfleet watch` serves it beside the page. */
export class ServedRun implements RunSource {
  #last: Standing | null = null;

  async about(): Promise<AboutRun> {
    return (await get('run.json')).json();
  }

  async weights(name: string): Promise<Uint8Array | null> {
    const response = await get(`weights/${encodeURIComponent(name)}`);
    return response.status === 204 ? null : new Uint8Array(await response.arrayBuffer());
  }

  async ask({ kind, ...request }: StageRequest): Promise<Uint8Array> {
    const response = await get(`stage/${kind}`, { method: 'POST', body: JSON.stringify(request) });
    return new Uint8Array(await response.arrayBuffer());
  }

  follow(listener: (standing: Standing, isServed: boolean) => void): void {
    const events = new EventSource('events');
    events.onmessage = ({ data }) => {
      this.#last = JSON.parse(data) as Standing;
      listener(this.#last, true);
    };
    // It connects again by itself, should the command be started again on the same port with the same token.
    events.onerror = () => {
      if (this.#last !== null) listener(this.#last, false);
    };
  }
}

async function get(path: string, options: RequestInit = {}): Promise<Response> {
  const response = await fetch(path, options).catch(() => {
    throw new Error('The command behind this page has ended: start qfleet watch again.');
  });
  if (!response.ok) throw new Error(await response.text());
  return response;
}
