import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '@qfleet/random';
import { afterEach, describe, expect, it } from 'vitest';
import { LoadedPolicy, type PolicyServer, servePolicy } from '../src/index.ts';
import { CASES, drawRows, trainedOf } from './cases.ts';

let server: PolicyServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

async function serve(name: string): Promise<{ policy: LoadedPolicy; url: string }> {
  const trained = trainedOf(CASES[name], 5);
  server = await servePolicy(trained, { host: '127.0.0.1', port: 0 });
  return { policy: await LoadedPolicy.of(trained), url: `http://127.0.0.1:${server.port}` };
}

async function act(url: string, body: unknown): Promise<{ status: number; answer: Record<string, unknown> }> {
  const response = await fetch(`${url}/act`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
}

describe('a server of a policy', () => {
  it('acts on one state, on several, and with masks, as the policy does', async () => {
    const { policy, url } = await serve('masked');
    const { states } = drawRows(CASES['masked'], 3, 1);
    const rows = [0, 1, 2].map((row) => [...states.subarray(row * 5, (row + 1) * 5)]);
    const masks = [
      [1, 0, 0],
      [0, 1, 1],
      [1, 1, 1],
    ];
    const { actions, values } = policy.actBatch(rows, { masks });
    const one = await act(url, { observation: rows[1], mask: [false, true, true] });
    expect(one).toEqual({ status: 200, answer: { action: actions[1], values: [...values.subarray(3, 6)] } });
    const { answer } = await act(url, { observations: rows, masks });
    expect(answer['actions']).toEqual([...actions]);
    expect((answer['values'] as number[][]).flat()).toEqual([...values]);

    const body = Buffer.concat([Buffer.from(states.buffer), Buffer.from(masks.flat())]);
    const headers = { 'content-type': 'application/octet-stream' };
    const response = await fetch(`${url}/act`, { method: 'POST', headers, body });
    const bytes = await response.arrayBuffer();
    expect(new Int32Array(bytes, 0, 3)).toEqual(actions);
    expect(new Float32Array(bytes, 12)).toEqual(values);
    const short = await fetch(`${url}/act`, { method: 'POST', headers, body: body.subarray(1) });
    expect([short.status, await short.json()]).toEqual([
      400,
      { error: 'The body must have 23 bytes for each state (5 float32 and 3 of a mask), and it has 68.' },
    ]);
  });

  it('remembers for a session, and by what a client hands back', async () => {
    const { policy, url } = await serve('mlp, lstm; c51');
    const episode = policy.episode();
    let memory: unknown;
    const [first, second, again] = [0, 1, 0].map((step) => [
      ...drawRows(CASES['mlp, lstm; c51'], 1, step).states,
    ]);
    for (const observation of [first, second]) {
      const { action, values } = episode.decide(observation);
      const expected = { action, values: [...values] };
      expect((await act(url, { observation, session: 'a' })).answer).toEqual(expected);
      const { answer } = await act(url, memory === undefined ? { observation } : { observation, memory });
      ({ memory } = answer);
      expect(answer).toEqual({ ...expected, memory });
    }
    episode.reset();
    const { action } = episode.decide(again);
    expect((await act(url, { observation: again, session: 'a', reset: true })).answer['action']).toBe(action);
    const { answer } = await act(url, { observations: [first, second] });
    expect((answer['memory'] as { lstm_hidden: number[][] }).lstm_hidden.map(({ length }) => length)).toEqual(
      [6, 6],
    );
    expect((await act(url, { observation: first, memory: { lstm_hidden: [1] } })).answer).toEqual({
      error: 'The field memory.lstm_hidden must have 6 finite numbers, as an answer gave them.',
    });
  });

  it.each([
    ['[1', 'The body is not JSON.'],
    [[1], 'The body must be a JSON object with the field observation, or observations.'],
    [{}, 'The body lacks the field observation, or observations.'],
    [{ observation: [1, 2] }, 'The observation must have 5 numbers, [5], and 2 were given.'],
    [
      { observation: [1, 2, 3, 4, null] },
      'The observation must be numbers in lists, and null is among them.',
    ],
    [
      '{"observation": [1, 2, 3, 4, 1e999]}',
      'Number 4 of the observation is Infinity, and it must be finite.',
    ],
    [{ observations: [] }, 'The field observations must be a list of states, at least one.'],
    [{ observations: [[1, 2, 3, 4, 5], [1]] }, 'Observation 1 must have 5 numbers, [5], and 1 were given.'],
    [
      { observation: [1, 2, 3, 4, 5], mask: [0, 0, 0] },
      'The mask allows no action: at least one must be allowed.',
    ],
    [
      { observation: [1, 2, 3, 4, 5], mask: [1] },
      'The mask must have a number for each action, 3, and 1 were given.',
    ],
    [
      { observation: [1, 2, 3, 4, 5], session: 7 },
      'The field session must be a text of 1 to 128 characters.',
    ],
    [
      { observation: [1, 2, 3, 4, 5], reset: true },
      'The field reset is for sessions: give a session, or leave reset out.',
    ],
    [
      { observation: [1, 2, 3, 4, 5], memory: {} },
      'This policy remembers nothing: leave the field memory out.',
    ],
    [{ state: [1] }, 'There is no field "state" here: there are observation, mask, session, reset, memory.'],
    [
      `{"observation": ${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
      'The observation must be numbers in lists, and a list within 10 others is among them.',
    ],
  ])('refuses %j in one sentence, and goes on', async (body, error) => {
    const { url } = await serve('mlp; expected');
    expect(await act(url, body)).toEqual({ status: 400, answer: { error } });
    expect((await act(url, { observation: [1, 2, 3, 4, 5] })).status).toBe(200);
  });

  it('refuses other paths, methods, types and sizes, and tells how it does', async () => {
    const { url, policy } = await serve('mlp; expected');
    const status = async (path: string, init?: RequestInit) => (await fetch(url + path, init)).status;
    expect(await status('/none')).toBe(404);
    expect(await status('/act')).toBe(405);
    expect(await status('/healthz', { method: 'DELETE' })).toBe(405);
    expect(
      await status('/act', { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } }),
    ).toBe(415);
    const headers = { 'content-type': 'application/octet-stream' };
    expect(await status('/act', { method: 'POST', body: Buffer.alloc(2 ** 24 + 1), headers })).toBe(413);
    await act(url, { observations: [new Array(5).fill(0), new Array(5).fill(0)] });
    expect(await (await fetch(`${url}/`)).json()).toEqual(policy.description);
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ ok: true, updates: 7 });
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('qfleet_serve_requests_total{status="413"} 1');
    expect(metrics).toContain('qfleet_serve_states_total 2');
  });

  it('answers what is in flight before it closes, and says when a port is taken', async () => {
    const { url } = await serve('mlp; expected');
    const trained = trainedOf(CASES['mlp; expected'], 5);
    await expect(servePolicy(trained, { host: '127.0.0.1', port: server!.port })).rejects.toThrow(
      'the port is taken',
    );
    let send: (part: string) => void = () => {};
    const body = new ReadableStream({
      start(controller) {
        send = (part) => {
          controller.enqueue(new TextEncoder().encode(part));
          if (part.endsWith('}')) controller.close();
        };
      },
    });
    const headers = { 'content-type': 'application/json' };
    const answer = fetch(`${url}/act`, { method: 'POST', headers, body, duplex: 'half' } as RequestInit);
    send('{"observation": [1, 2, 3, 4');
    // The request has come once the server counts a connection; a closing server takes no other.
    await sleep(100);
    const closed = server!.close();
    await sleep(100);
    send(', 5]}');
    expect((await answer).status).toBe(200);
    await closed;
    server = null;
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });
});

it('keeps the sessions used last', async () => {
  const { Sessions } = await import('../src/serve/sessions.ts');
  const policy = await LoadedPolicy.of(trainedOf(CASES['mlp; expected'], new Random(1).integer(9)));
  const sessions = new Sessions(2);
  const a = sessions.episode('a', policy);
  sessions.episode('b', policy);
  expect(sessions.episode('a', policy)).toBe(a);
  sessions.episode('c', policy);
  expect(sessions.size).toBe(2);
  expect(sessions.episode('a', policy)).toBe(a);
});
