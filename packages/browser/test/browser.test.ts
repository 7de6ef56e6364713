import { type Context, runInContext } from 'node:vm';
import { agentParameters, createPolicy } from '@qfleet/agents';
import { loadRunConfig, type RunConfig } from '@qfleet/config';
import { findEnvironment, stateSpecOf, wrapEnvironment } from '@qfleet/envs';
import { Random } from '@qfleet/random';
import { playGreedyEpisodes } from '@qfleet/rollout';
import { encodeTensors } from '@qfleet/tensor';
import { beforeAll, describe, expect, test } from 'vitest';
import * as own from '../src/index.ts';
import { browserContext } from './bundle.ts';

/** An episode of a run's agent. Its source is what the browser runs too. */
const play = async (browser: typeof own, json: string, weights: Uint8Array) => {
  const agent = await browser.Play.create(browser.runConfigOf(JSON.parse(json), 'the configuration'));
  agent.load(browser.readWeights(weights));
  agent.reset(3);
  const steps = [];
  let sum = 0;
  while (!agent.isOver && steps.length < 300) {
    const [values, spread, greedy] = [[...agent.values], [...(agent.distributions ?? [])], agent.greedy];
    const { reward } = agent.step();
    sum += reward;
    steps.push({ values, spread, greedy });
  }
  return { steps, sum, over: agent.isOver };
};

let context: Context;
beforeAll(async () => {
  context = await browserContext();
});

/** Presets of environments, and of the methods that train them; '': the environment's own. */
const CASES = [
  { preset: 'cartpole', method: 'dqn' },
  // Layer norm.
  { preset: 'cartpole', method: 'fast' },
  // C51, dueling and noisy.
  { preset: 'cartpole', method: 'rainbow' },
  { preset: 'cartpole', method: 'hl-gauss' },
  { preset: 'cartpole', method: 'qr-dqn' },
  { preset: 'cartpole', method: 'iqn' },
  { preset: 'cartpole', method: 'pqn' },
  // A convolution.
  { preset: 'minatar-breakout', method: 'munchausen-iqn' },
  { preset: 'minatar-asterix', method: 'rainbow' },
  // An LSTM.
  { preset: 't-maze', method: '' },
  // A table.
  { preset: 'taxi', method: '' },
  { preset: 'highway', method: '' },
];

describe.each(CASES)('$preset $method', ({ preset, method }) => {
  const observation = preset.startsWith('minatar') ? [10, 10, 4] : [4];
  const config: RunConfig = loadRunConfig(
    { preset },
    [],
    method === '' ? null : { preset: method, observation },
  );
  const definition = wrapEnvironment(
    findEnvironment(config.environment.id, config.environment.options),
    config.environment,
  );
  const spec = {
    ...stateSpecOf(definition, config.environment.frameStack),
    ...(config.environment.normalizeObservations ? { normalized: true } : {}),
  };
  const tensors = drawn(config, spec);

  test('plays in a browser as it plays in Node, and as an evaluation plays', async () => {
    const json = JSON.stringify(config);
    const bytes = encodeTensors(tensors);
    const inNode = await play(own, json, bytes);
    Object.assign(context, { json, bytes });
    const inBrowser = await runInContext(`(${play})(browser, json, bytes).then(JSON.stringify)`, context);
    expect(JSON.parse(inBrowser)).toEqual(inNode);

    const policy = await createPolicy({ config: config.agent, spec });
    policy.load(tensors);
    const { frameStack: frames } = config.environment;
    const { returns, lengths } = await playGreedyEpisodes({
      definition,
      policy,
      frames,
      episodes: 1,
      seed: 3,
    });
    if (!inNode.over) return expect(lengths[0]).toBeGreaterThan(inNode.steps.length);
    expect([inNode.sum, inNode.steps.length]).toEqual([returns[0], lengths[0]]);
  });

  test('tells distributions whose means are its values', async () => {
    const agent = await own.Play.create(config);
    agent.load(tensors);
    agent.reset(1);
    if (agent.spread === null) return expect(agent.distributions).toBeNull();
    const { kind, places } = agent.spread;
    for (let step = 0; step < 5 && !agent.isOver; step++) {
      agent.values.forEach((value, action) => {
        const each = agent.distributions!.subarray(action * places.length, (action + 1) * places.length);
        const mean = each.reduce(
          (sum, x, i) => sum + (kind === 'histogram' ? x * places[i] : x / places.length),
          0,
        );
        expect(mean).toBeCloseTo(value, 3);
        if (kind === 'histogram') expect(each.reduce((a, b) => a + b)).toBeCloseTo(1, 4);
      });
      agent.step();
    }
  });
});

/** Parameters of an agent, drawn. */
function drawn(config: RunConfig, spec: Parameters<typeof agentParameters>[0]['spec']) {
  const random = new Random(5);
  return new Map(
    agentParameters({ config: config.agent, spec }).map(({ name, shape }) => [
      name,
      {
        shape,
        data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal() * 0.3),
      },
    ]),
  );
}
