import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { type EnvironmentTrace, traceEnvironment } from '@qfleet/envs';
import { Random } from '@qfleet/random';
import { describe, expect, it, onTestFinished } from 'vitest';
import { whyNoGymnasium } from '../../../test/support/gymnasium.ts';
import { ATARI, GYMNASIUM, privatePython } from '../src/gymnasium/private-python.ts';
import { resolveEnvironment } from '../src/index.ts';
import { openRows } from './bridge.ts';

const run = promisify(execFile);
const missing = await whyNoGymnasium('ALE/Pong-v5');
if (missing !== null) process.stderr.write(`Atari is not tested: ${missing}\n`);

/** What `fixtures/python/atari_reference.py` prints for Gymnasium's wrappers, or for ale-py's vector. */
async function reference(input: object): Promise<{ crc: number; ends: number; lanes: number[] }> {
  const python = await privatePython([...GYMNASIUM, ...ATARI]);
  const script = fileURLToPath(new URL('fixtures/python/atari_reference.py', import.meta.url));
  const { stdout } = await run(python, [script, JSON.stringify(input)], { maxBuffer: 1 << 24 });
  return JSON.parse(stdout);
}

/** CRC-32 of a trace: bytes of each observation, float64 of each reward, a byte for each end. */
function crcOf({ initial, observations, rewards, terminated, truncated }: EnvironmentTrace): number {
  let crc = crc32(Uint8Array.from((initial as number[][]).flat()));
  const outcome = Buffer.alloc(10);
  for (const [i, observation] of observations.entries()) {
    crc = crc32(Uint8Array.from((observation as number[][]).flat()), crc);
    outcome.writeDoubleLE(rewards[i], 0);
    outcome[8] = Number(terminated[i]);
    outcome[9] = Number(truncated[i]);
    crc = crc32(outcome, crc);
  }
  return crc;
}

/** Steps that each game is played; `npm run test:parity` asks for more, and for more games. */
const STEPS = Number(process.env['ATARI_STEPS'] ?? 40);
const isShort = process.env['ATARI_STEPS'] === undefined;

const games = ['ALE/Pong-v5', 'ALE/Breakout-v5'] as const;
const cells = games.flatMap((id) =>
  (['machado', 'deepmind'] as const).flatMap((settings) => [0, 7].map((seed) => ({ id, settings, seed }))),
);

const actionsOf = (seed: number, n: number, count = STEPS): number[] => {
  const random = new Random(seed);
  return Array.from({ length: count }, () => random.integer(n));
};

describe.skipIf(missing !== null)('Atari by the bridge', { timeout: 300_000 }, () => {
  // The short ones: two that have every game and every setting.
  it.each(isShort ? [cells[1], cells[6]] : cells)(
    'gives of $id, $settings, seed $seed the bytes of Gymnasium’s wrappers',
    async ({ id, settings, seed }) => {
      const definition = await resolveEnvironment({ id, options: { settings } });
      const actions = actionsOf(seed, definition.actionSpace.n);
      const trace = traceEnvironment(definition, { seed, actions, autoreset: true });
      const { crc, ends } = await reference({ kind: 'wrappers', id, settings, seed, actions });
      expect(trace.terminated.filter(Boolean)).toHaveLength(ends);
      expect(crcOf(trace)).toBe(crc);
    },
  );

  it.each(isShort ? games.slice(1) : games)('gives of rows of %s what single copies give', async (id) => {
    const definition = await resolveEnvironment({ id });
    const { actionSpace } = definition;
    const rows = openRows(definition, 3);
    onTestFinished(() => rows.environment.close());
    const actions = [0, 1, 2].map((row) => actionsOf(row, actionSpace.n));
    const crcs = [0, 0, 0];
    for (let step = 0; step < STEPS; step++) {
      await rows.environment.step(Int32Array.from(actions, (own) => own[step]));
      for (let row = 0; row < 3; row++) {
        const frame = rows.arrays.observations.subarray(row * 7056, (row + 1) * 7056) as Uint8Array;
        crcs[row] = crc32(frame, crcs[row]);
        if (rows.arrays.terminated[row]) rows.environment.reset(row);
      }
    }
    // The rows' seeds are the first integers of their streams.
    const seeds = [0, 1, 2].map((row) => new Random(row).integer(2 ** 31));
    const { lanes } = await reference({ kind: 'seeds', id, seeds, actions });
    expect(crcs).toEqual(lanes);
  });

  it('refuses options that there are not, and takes the game as Gymnasium makes it', async () => {
    await expect(resolveEnvironment({ id: 'ALE/Pong-v5', options: { setings: 'x' } })).rejects.toThrow(
      'option setings: there is no such option; it takes settings',
    );
    await expect(resolveEnvironment({ id: 'ALE/Pnog-v5' })).rejects.toThrow('did you mean ALE/Pong-v5');
    const raw = await resolveEnvironment({
      id: 'ALE/Pong-v5',
      options: { settings: 'none', obs_type: 'ram' },
    });
    expect(raw.observationSpace).toMatchObject({ shape: [128], dtype: 'uint8' });
  });
});
