import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RunDirectory } from '@qfleet/report';
import { afterAll, expect, it } from 'vitest';
import { qfleet } from '../../../test/support/qfleet.ts';
import {
  box,
  defineEnvironment,
  discrete,
  evaluate,
  loadPolicy,
  type RunEvaluation,
  resume,
  type TrainConfig,
  train,
} from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'qfleet-library-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Action 1 earns 1, the other nothing. */
const choice = defineEnvironment({
  id: 'Choice-v0',
  observationSpace: box({ low: 0, high: 1, shape: [2] }),
  actionSpace: discrete(2),
  maxEpisodeSteps: 5,
  create: () => ({
    reset: () => [0, 1],
    step: (action: number) => ({ observation: [1, 0], reward: action, terminated: false }),
  }),
});

const small: Omit<TrainConfig, 'environment'> = {
  agent: { kind: 'dqn', batchSize: 16, learningRate: 1e-2, network: { kind: 'mlp', hidden: [16] } },
  replay: { minSize: 64 },
  evaluation: { every: 100, episodes: 4 },
  learner: { checkpointEvery: 100 },
  stop: { maxUpdates: 400 },
};

it('trains an environment of this process, tells of it, and gives its policy', async () => {
  const evaluations: RunEvaluation[] = [];
  const runDir = join(folder, 'own');
  const run = await train(
    { environment: choice, ...small },
    { runDir, onEvaluation: (evaluation) => evaluations.push(evaluation), onWarning: () => {} },
  );
  expect(run).toMatchObject({
    directory: runDir,
    stopReason: 'maxUpdates',
    updates: 400,
    environment: 'Choice-v0',
  });
  expect(run.evaluation!.mean).toBe(5);
  expect(evaluations.map(({ updates }) => updates)).toEqual([96, 200, 296, 400]);
  const policy = await run.policy();
  expect(policy.act([0, 1])).toBe(1);
  expect(await evaluate(runDir, { episodes: 3 })).toMatchObject({ returns: [5, 5, 5], mean: 5, std: 0 });
  expect(existsSync(join(runDir, 'summary.json'))).toBe(true);
});

it('ends in order when it is told to, and goes on to the same weights as a run that was not', async () => {
  const ending = new AbortController();
  const interrupted = await train(
    { environment: choice, ...small },
    {
      ...{ runDir: join(folder, 'part'), signal: ending.signal },
      onEvaluation: ({ updates }) => (updates === 200 ? ending.abort() : undefined),
    },
  );
  expect(interrupted.stopReason).toBe('interrupted');
  expect(interrupted.updates).toBeLessThan(400);
  const run = await resume(join(folder, 'part'), { set: { 'stop.maxUpdates': 500 } });
  expect(run.stopReason).toBe('maxUpdates');
  expect(run.updates).toBeGreaterThanOrEqual(500);
  expect(run.changes).toEqual([expect.objectContaining({ path: 'stop.maxUpdates', from: 400, to: 500 })]);
  await expect(resume(join(folder, 'part'), { set: { 'agent.network.hidden': [8] } })).rejects.toThrow(
    'start a new run',
  );
});

it('trains with a fleet, on a module that registers an objective', { timeout: 120_000 }, async () => {
  const module = join(folder, 'custom.ts');
  writeFileSync(
    module,
    `import { createObjective, findEnvironment, registerObjective } from 'qfleet';
registerObjective('doubled', (config, { factor }) => {
  const plain = createObjective({ ...config, objective: { kind: 'expected' } });
  return { ...plain, loss(context, out, targets, batch) {
    const { loss, ...rest } = plain.loss(context, out, targets, batch);
    return { ...rest, loss: context.tf.mul(loss, factor) };
  } };
});
export default findEnvironment('CartPole-v1');
`,
  );
  writeFileSync(
    join(folder, 'program.mjs'),
    `import { train } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
const evaluations = [];
const set = {
  'agent.objective': { kind: 'custom', name: 'doubled', options: { factor: 2 } }, 'fleet.actors': 1,
  'stop.maxUpdates': 200, 'replay.minSize': 200, 'evaluation.every': 100, 'evaluation.episodes': 2,
};
const onEvaluation = (evaluation) => evaluations.push(evaluation);
const run = await train('custom.ts', { set, runDir: 'fleet', fleet: true, onEvaluation, onWarning() {} });
console.log(JSON.stringify({ run, evaluations }));
`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, ['program.mjs'], { cwd: folder });
  const { run, evaluations } = JSON.parse(stdout);
  const runDir = join(folder, 'fleet');
  expect(run).toMatchObject({ stopReason: 'maxUpdates', environment: 'CartPole-v1' });
  expect(run.updates).toBeGreaterThanOrEqual(200);
  expect(evaluations.length).toBeGreaterThan(0);
  // The policy needs the objective's head alone, which this process does not know: no module is imported for it.
  await expect(loadPolicy(runDir)).rejects.toThrow('nothing named doubled is registered');
  const exported = await qfleet(['export', 'fleet', 'policy.json'], { cwd: folder });
  expect(exported).toMatchObject({ code: 2, stderr: expect.stringContaining('--env') });
  expect(
    await qfleet(['export', 'fleet', 'policy.json', '--env', 'custom.ts'], { cwd: folder }),
  ).toMatchObject({ code: 0 });
  expect(JSON.parse(readFileSync(join(folder, 'policy.json'), 'utf8')).environment).toBe('CartPole-v1');
});

it('trains an environment by the method that is named, with a torso that suits it', async () => {
  const run = await train('minatar/breakout', {
    preset: 'rainbow',
    set: { 'stop.maxUpdates': 4, 'replay.minSize': 200, 'evaluation.episodes': 1 },
    runDir: join(folder, 'method'),
  });
  const { agent, environment } = RunDirectory.open(run.directory).config;
  expect(environment.id).toBe('minatar/breakout');
  expect(agent).toMatchObject({ objective: { kind: 'c51' }, network: { kind: 'minatar-cnn' } });
});

it('trains a language agent that learns recorded dialogues before its own', async () => {
  const evaluations: number[] = [];
  const run = await train('text/walks', {
    preset: 'token-dqn',
    set: { 'agent.data.updates': 4, 'stop.maxUpdates': 4, 'evaluation.every': 4, 'evaluation.episodes': 2 },
    runDir: join(folder, 'spoken'),
    onEvaluation: ({ updates }) => evaluations.push(updates),
    onWarning: () => undefined,
  });
  expect(run).toMatchObject({ updates: 4, environment: 'text/walks' });
  expect(evaluations.at(-1)).toBe(4);
});

it.each([
  ['none', {}, 'There is no preset'],
  [{ environment: { id: 'Nope-v9' } }, {}, 'Nope-v9'],
  [{ environment: { id: 'CartPole-v1' }, agent: { kind: 'dqn', batchSise: 3 } }, {}, 'batchSise'],
  [
    'cartpole',
    { set: { 'agent.objective': { kind: 'custom', name: 'no' } } },
    'nothing named no is registered',
  ],
  ['cartpole', { set: { 'stop.maxUpdate': 3 } }, 'maxUpdate'],
  [{ environment: choice }, { fleet: true }, 'put it into a module'],
  ['cartpole', { preset: 'rainbo' }, 'Did you mean rainbow?'],
  ['text/walks', { preset: 'rainbow' }, 'text/walks'],
  [{ environment: { id: 'CartPole-v1' } }, { preset: 'dqn' }, 'name an environment instead'],
])('refuses %j in a sentence, before anything is made', async (what, options, message) => {
  const runDir = join(folder, 'refused');
  await expect(train(what as never, { ...options, runDir })).rejects.toThrow(message);
  expect(existsSync(runDir)).toBe(false);
});
