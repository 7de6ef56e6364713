import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listPresets, loadRunConfig, runConfigOf, speaks, withOverrides } from '@qfleet/config';
import { RunDirectory } from '@qfleet/report';
import { encodeTensors } from '@qfleet/tensor';
import { latestCheckpoint } from '@qfleet/training';
import { describe, expect, it, onTestFinished } from 'vitest';
import { trainSingle } from '../src/index.ts';

const SMALL = {
  environment: { id: 'text/walks' },
  agent: {
    ...{ kind: 'token-q', network: { kind: 'decoder', layers: 1, width: 16, heads: 2 }, batchSize: 256 },
    ...{ data: { episodes: 60 }, pretraining: 3 },
  },
  evaluation: { every: 4, episodes: 20 },
  replay: { chunkLength: 32 },
  stop: { maxUpdates: 8 },
};
const small = runConfigOf(SMALL, 'test');

/** A run's parameters, as bytes, and its evaluations. */
async function trained(config = small) {
  const evaluations: number[] = [];
  const { parameters, updates } = await trainSingle(config, {
    onEvaluation: ({ returns }) => evaluations.push(...returns),
  });
  return { bytes: Buffer.from(encodeTensors(parameters!, {})), evaluations, updates };
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'qfleet-dialogues-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const presetsThatSpeak = listPresets().filter(
  ({ name, kind }) => kind === 'environment' && speaks(loadRunConfig({ preset: name })),
);

describe('a language agent in one process', () => {
  it.each(presetsThatSpeak)(
    'trains by the preset $name, with values after its language model',
    async ({ name }) => {
      const config = loadRunConfig({ preset: name }, [
        ...['agent.data.episodes=8', 'agent.batchSize=256', 'agent.pretraining=2', 'stop.maxUpdates=4'],
        ...[
          'agent.network.width=16',
          'agent.learningRateWarmup=0',
          'evaluation.every=2',
          'evaluation.episodes=2',
        ],
      ]);
      const distances: number[] = [];
      const { updates } = await trainSingle(config, {
        onEvaluation: ({ info }) => distances.push(info!['kl']!),
      });
      expect(updates).toBe(4);
      // The language model alone speaks before the values begin to learn, but for the rounding of values that begin at −3.
      expect(distances).toHaveLength(2);
      expect(distances[0]).toBeLessThan(1e-8);
      expect(distances[1]).toBeGreaterThan(1e-6);
    },
  );

  it('learns recorded dialogues, first its language model, bit for bit the same', async () => {
    const [first, second] = [await trained(), await trained()];
    expect(first.bytes.equals(second.bytes)).toBe(true);
    expect(first.evaluations).toEqual(second.evaluations);
    expect(first.updates).toBe(8);
  });

  it('learns what it plays itself, bit for bit the same', async () => {
    const config = withOverrides(small, [
      ...[
        'agent.data=null',
        'agent.objective.kind=dqn',
        'agent.decode=greedy',
        'fleet.actors=1',
        'fleet.slots=4',
        'stop.maxUpdates=20',
      ],
      ...['replay.minSize=100', 'replay.capacity=500', 'learner.publishEvery=5', 'agent.twin=false'],
    ]);
    const [first, second] = [await trained(config), await trained(config)];
    expect(first.updates).toBe(20);
    expect(first.bytes.equals(second.bytes)).toBe(true);
    expect(first.evaluations).toEqual(second.evaluations);
  });

  it('goes on from a checkpoint as if it had not been interrupted, with rows of several lengths', {
    timeout: 300_000,
  }, async () => {
    // A history of 40 texts, in chunks of eight moves: the first of an episode are short.
    const maze = withOverrides(runConfigOf({ ...SMALL, environment: { id: 'text/maze' } }, 'test'), [
      ...[
        'environment.options.observed=partial',
        'agent.data.episodes=3',
        'agent.batchSize=1024',
        'agent.pretraining=0',
      ],
      ...['replay.chunkLength=16', 'stop.maxUpdates=12', 'evaluation.every=100', 'evaluation.episodes=1'],
    ]);
    const folder = temporaryFolder();
    const directory = RunDirectory.create(join(folder, 'run'), 'run', maze);
    await trainSingle(withOverrides(maze, ['stop.maxUpdates=5']), { directory });
    const checkpoint = await latestCheckpoint(directory.checkpoints);
    expect(checkpoint?.updates).toBe(5);
    expect(checkpoint?.drawn?.length).toBeGreaterThan(0);
    await trainSingle(maze, { directory });
    const whole = RunDirectory.create(join(folder, 'whole'), 'whole', maze);
    await trainSingle(maze, { directory: whole });
    const [resumed, uninterrupted] = await Promise.all(
      [directory, whole].map(({ checkpoints }) => latestCheckpoint(checkpoints)),
    );
    expect(resumed!.updates).toBe(12);
    expect(resumed!.state).toEqual(uninterrupted!.state);
    expect(resumed!.drawn).toEqual(uninterrupted!.drawn);
  });

  it('refuses an environment of numbered actions, and another agent one that speaks', async () => {
    const silent = runConfigOf({ ...SMALL, environment: { id: 'CartPole-v1' } }, 'test');
    await expect(trainSingle(silent)).rejects.toThrow(/CartPole-v1 does not speak/);
    const dqn = runConfigOf({ ...SMALL, agent: { kind: 'dqn' } }, 'test');
    await expect(trainSingle(dqn)).rejects.toThrow(/played with texts/);
  });
});
