import { isBuiltin } from 'node:module';
import { createContext, runInContext } from 'node:vm';
import type { Random } from '@qfleet/random';
import { rolldown } from 'rolldown';
import { expect, test } from 'vitest';
import * as envs from '../src/index.ts';

/** An episode in which action 1 is always taken. Its source is what the browser runs. */
const play = ({ findEnvironment, allocateObservations, createEnvironment }: typeof envs, id: string) => {
  const definition = findEnvironment(id);
  const outcome = { reward: 0, terminated: false, truncated: false };
  const observation = allocateObservations(definition.observationSpace);
  const environment = createEnvironment(definition, { uniform: () => 0.4 } as Random);
  environment.reset(observation);
  let steps = 0;
  while (!outcome.terminated && !outcome.truncated) {
    environment.step(1, observation, outcome);
    steps++;
  }
  return { steps, observation: [...observation] };
};

/** Built, as browsers get it. */
const entry = new URL('../dist/index.js', import.meta.url).pathname;

test('runs in a browser: a bundle of the entry steps environments without Node', async () => {
  await using bundle = await rolldown({
    input: entry,
    platform: 'browser',
    // A script has no import.meta.
    transform: { define: { 'import.meta.url': '"https://localhost/envs.js"' } },
    plugins: [
      {
        name: 'no Node',
        resolveId: (id, importer) => {
          if (isBuiltin(id)) throw new Error(`${importer} imports ${id}.`);
        },
      },
    ],
  });
  const { output } = await bundle.generate({ format: 'iife', name: 'envs' });
  expect(output).toHaveLength(1);
  const [{ code, imports }] = output;
  expect(imports).toEqual([]);
  // JavaScript's own globals alone: no process, no Buffer, no require.
  const context = createContext({});
  runInContext(code, context);
  for (const id of ['CartPole-v1', 'LunarLander-v3']) {
    const played = runInContext(`JSON.stringify((${play})(envs, '${id}'));`, context);
    expect(JSON.parse(played)).toEqual(play(envs, id));
  }
  expect(runInContext('typeof process + typeof Buffer + typeof require', context)).toBe(
    'undefined'.repeat(3),
  );
});
