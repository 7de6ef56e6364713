import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkEnvironment, createEnvironment, EnvironmentDefinitionError } from '@qfleet/envs';
import { Random } from '@qfleet/random';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadEnvironment, resolveEnvironment } from '../src/index.ts';

const fixture = (name: string) => new URL(`fixtures/${name}`, import.meta.url).pathname;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qfleet-envs-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('environments of a module', () => {
  test('of defineEnvironment', async () => {
    const definition = await loadEnvironment(fixture('catch.ts'));
    expect(definition).toMatchObject({ id: 'Catch-v0', maxEpisodeSteps: 10, solvedReturn: 0.95 });
    const environment = createEnvironment(definition, new Random(1));
    const observation = new Float32Array(3);
    const result = { reward: 0, terminated: false, truncated: false };
    environment.reset(observation);
    let rewards = 0;
    while (!result.terminated) {
      // Under the ball, wherever it falls.
      const action = 1 + Math.sign(observation[0] - observation[2]);
      environment.step(action, observation, result);
      rewards += result.reward;
    }
    expect(rewards).toBe(1);
  });

  test('of a dict, which random actions play', async () => {
    const { problems, episodes, meanReturn } = checkEnvironment(await loadEnvironment(fixture('rooms.ts')), {
      steps: 3000,
      seed: 1,
    });
    expect(problems).toEqual([]);
    expect(episodes).toBeGreaterThan(300);
    expect(meanReturn).toBeGreaterThan(-1);
  });

  test('of a plain object, with the defaults filled in', async () => {
    const definition = await resolveEnvironment({ id: 'anything', module: fixture('plain.mjs') });
    expect(definition).toMatchObject({ id: 'Corridor-v0', maxEpisodeSteps: null, solvedReturn: null });
    const environment = createEnvironment(definition, new Random(1));
    const observation = new Int32Array(1);
    const result = { reward: 0, terminated: false, truncated: false };
    environment.reset(observation);
    for (let step = 1; step <= 3; step++) environment.step(1, observation, result);
    expect([observation[0], result]).toEqual([3, { reward: -1, terminated: true, truncated: false }]);
  });

  test('that lies outside the repository may import @qfleet/envs: the built one, in a process of its own', async () => {
    await copyFile(fixture('catch.ts'), join(folder, 'catch.ts'));
    const script = `
      const { resolveEnvironment } = await import(${JSON.stringify(import.meta.resolve('@qfleet/env-host'))});
      const { id, actionSpace } = await resolveEnvironment({ id: 'Catch-v0', module: 'catch.ts', options: {} });
      console.log(JSON.stringify({ id, actionSpace }));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      cwd: folder,
    });
    expect(JSON.parse(stdout)).toEqual({ id: 'Catch-v0', actionSpace: { kind: 'discrete', n: 3 } });
  });

  test('comes with its wrappers, and so does a native one', async () => {
    const wrappers = { maxEpisodeSteps: 30, actionRepeat: 2, stickyActions: 0.5 };
    const cartPole = await resolveEnvironment({ id: 'CartPole-v1', ...wrappers });
    expect(cartPole.maxEpisodeSteps).toBe(15);
    const own = await resolveEnvironment({ id: 'any', module: fixture('plain.mjs'), ...wrappers });
    const environment = createEnvironment(own, new Random(1));
    const observation = new Int32Array(1);
    const result = { reward: 0, terminated: false, truncated: false };
    environment.reset(observation);
    environment.step(1, observation, result);
    expect([observation[0], result]).toEqual([2, { reward: -2, terminated: false, truncated: false }]);
  });

  test('takes no options', async () => {
    const description = { id: 'Catch-v0', module: 'env.ts', options: { speed: 2 } };
    await expect(resolveEnvironment(description)).rejects.toThrow(
      'Option speed cannot be given to an environment of a module: set it in env.ts.',
    );
  });

  test('that is missing', async () => {
    await expect(loadEnvironment('/nowhere/env.ts')).rejects.toThrow(
      'There is no environment module /nowhere/env.ts.',
    );
  });

  test.each(['env.cjs', 'env.js'])('of what a compiler makes CommonJS of: %s', async (name) => {
    const path = join(await mkdtemp(join(folder, 'compiled-')), name);
    await writeFile(
      path,
      `"use strict";
      Object.defineProperty(exports, "__esModule", { value: true });
      const envs_1 = require("@qfleet/envs");
      exports.default = (0, envs_1.defineEnvironment)({
        id: "Cjs-v0", observationSpace: (0, envs_1.discrete)(2), actionSpace: (0, envs_1.discrete)(2), create() {},
      });`,
    );
    expect(await loadEnvironment(path)).toMatchObject({ id: 'Cjs-v0' });
  });

  test('that Node cannot parse is refused with file, line and column, also where it is not the module itself', async () => {
    const files = {
      'a.ts': 'const a: number = 1;\nexport default { id: 1,, };',
      'b.ts': 'enum Action { Left }\nexport default Action;',
      'c.cjs': 'const a = 1;\nmodule.exports = { a,, };',
      'd.mjs': 'const a = 1;\nexport default { a,, };',
      'e.mjs': 'import "./inner.mjs";',
      'inner.mjs': 'let x = 1;\nlet x = 2;',
      'f.mjs': 'import {\n  nope } from "node:fs";',
    };
    const directory = await mkdtemp(join(folder, 'syntax-'));
    for (const [name, source] of Object.entries(files)) await writeFile(join(directory, name), source);
    // In a process of its own: this one's imports are vitest's.
    const script = `
      const { loadEnvironment } = await import(${JSON.stringify(import.meta.resolve('@qfleet/env-host'))});
      for (const name of ${JSON.stringify(Object.keys(files).filter((name) => name !== 'inner.mjs'))})
        await loadEnvironment(name).catch((error) => console.log(error.message));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      cwd: directory,
    });
    expect(stdout.trim().split('\n')).toEqual([
      expect.stringMatching(/^Environment module a\.ts cannot be loaded: .+ \(a\.ts:2:24\)\.$/),
      expect.stringMatching(/^Environment module b\.ts .*enum is not supported.* \(b\.ts:1:1\)\.$/),
      "Environment module c.cjs cannot be loaded: Unexpected token ',' (c.cjs:2:22).",
      "Environment module d.mjs cannot be loaded: Unexpected token ',' (d.mjs:2:20).",
      "Environment module e.mjs cannot be loaded: Identifier 'x' has already been declared (inner.mjs:2:5).",
      expect.stringMatching(
        /^Environment module f\.mjs .*not provide an export named 'nope' \(f\.mjs:\d:\d+\)\.$/,
      ),
    ]);
  });

  const good = `id: 'Own-v0', observationSpace: { kind: 'discrete', n: 2 }, actionSpace: { kind: 'discrete', n: 2 }`;
  test.each([
    ['export const env = 1;', ' has no default export: write "export default defineEnvironment({ … })".'],
    ['export default {', ' cannot be loaded: '],
    ["throw new Error('no licence');", ' cannot be loaded: no licence (', 'env.mjs:1).'],
    ["throw 'no licence file';", ' cannot be loaded: no licence file.'],
    ['throw null;', ' cannot be loaded: null.'],
    ['throw undefined;', ' cannot be loaded: undefined.'],
    ['throw { code: 7 };', ' cannot be loaded: an object was thrown: {"code":7}.'],
    [
      "throw new Error('', { cause: 'no disk' });",
      ' cannot be loaded: Error without a message (',
      '), caused by: no disk.',
    ],
    ['import "./nowhere.js";', ' cannot be loaded: Cannot find module '],
    ['export default () => 1;', ': it must be an object, not a function.'],
    [`export default { ${good} };`, ', field create: it must be a function (random) => environment.'],
    [
      `export default { ${good}, maxEpisodeStep: 3, create() {} };`,
      ' has no field maxEpisodeStep: did you mean maxEpisodeSteps? It takes ',
    ],
    [
      `export default { ${good}, maxEpisodeSteps: -1, create() {} };`,
      ', field maxEpisodeSteps: it must be at least 1.',
    ],
    [`export default { ...{ ${good} }, id: 3, create() {} };`, ', field id: it must be a text, not 3.'],
    [
      `export default { ${good}, maxEpisodeSteps: '30', create() {} };`,
      ', field maxEpisodeSteps: it must be a number, not "30".',
    ],
    [
      `export default { ...{ ${good} }, actionSpace: { kind: 'discrete', n: 0 }, create() {} };`,
      ', field actionSpace: A discrete space cannot be made: n must be a positive integer, not 0.',
    ],
    [
      `export default { ...{ ${good} }, actionSpace: { kind: 'box', low: 0, high: 1, shape: [1] }, create() {} };`,
      ', field actionSpace: a box is continuous, and agents choose among actions that can be counted: use levels, as in discrete(5), and make numbers of them in step.',
    ],
    [
      `export default { ...{ ${good} }, observationSpace: { kind: 'boxes' }, create() {} };`,
      ', field observationSpace: kind must be box, discrete, dict or tuple, not "boxes".',
    ],
    [
      `export default { ...{ ${good} }, observationSpace: undefined, create() {} };`,
      ', field observationSpace: it is missing.',
    ],
    [
      `export default { ...{ ${good} }, observationSpace: { kind: 'box', low: 2, high: 1, shape: [1] }, create() {} };`,
      ', field observationSpace: A box cannot be made: low is above high at element 0.',
    ],
    [
      `export default { ...{ ${good} }, observationSpace: { kind: 'dict', spaces: { a: { kind: 'tuple', spaces: [{ kind: 'discrete' }] } } }, create() {} };`,
      ', field observationSpace: Part a.0: A discrete space cannot be made: n must be a positive integer, not undefined.',
    ],
    [
      `export default { ...{ ${good} }, observationSpace: { kind: 'dict', spaces: { 'a.b': { kind: 'discrete', n: 2 } } }, create() {} };`,
      ', field observationSpace: a dict space cannot be made: "a.b" is no name (not empty, no dot).',
    ],
    [
      `export default { ...{ ${good} }, observationSpace: { kind: 'tuple', spaces: [] }, create() {} };`,
      ', field observationSpace: a tuple space cannot be made: it has no parts.',
    ],
    [
      `export default { ...{ ${good} }, actionSpace: { kind: 'discrete', n: '3' }, create() {} };`,
      ', field actionSpace: A discrete space cannot be made: n must be a positive integer, not "3".',
    ],
    [
      `export default { ...{ ${good} }, actionSpace: { kind: 'discrete', n: 3, begin: -1 }, create() {} };`,
      ', field actionSpace: A discrete space has no field begin: it takes n, start.',
    ],
    [
      `export default { ...{ ${good} }, observationSpace: { kind: 'box', low: 0, high: 1, shape: [1], dype: 'uint8' }, create() {} };`,
      ', field observationSpace: A box has no field dype: did you mean dtype? It takes shape, dtype, low, high.',
    ],
    [
      `export default { ...{ ${good} }, observationSpace: { kind: 'dict', space: {} }, create() {} };`,
      ', field observationSpace: a dict space has no field space: did you mean spaces? It takes spaces.',
    ],
    [
      `export default { ...{ ${good} }, observationSpace: { kind: 'box', low: ['0'], high: 1, shape: [1] }, create() {} };`,
      ', field observationSpace: A box cannot be made: element 0 of low must be a number, not "0".',
    ],
  ])('that is wrong is refused in one sentence: %s', async (source, message, end = '') => {
    const path = join(await mkdtemp(join(folder, 'wrong-')), 'env.mjs');
    await writeFile(path, source);
    const loading = loadEnvironment(path);
    await expect(loading).rejects.toThrow(EnvironmentDefinitionError);
    await expect(loading).rejects.toThrow(`Environment module ${path}${message}`);
    await expect(loading).rejects.toThrow(end);
  });
});
