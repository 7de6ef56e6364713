import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { qfleet, temporaryDirectory } from '../../../test/support/qfleet.ts';

describe('qfleet presets', () => {
  it('lists the presets, a line each', async () => {
    const { code, stdout, stderr } = await qfleet(['presets']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^ {2}cartpole +\S/m);
    expect(stdout).toMatch(/^Methods: .*\n(.*\n)* {2}per-dqn +\S/m);
    expect(stdout).not.toContain('\u001b');
  });

  it('prints one JSON document', async () => {
    const { code, stdout } = await qfleet(['presets', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toContainEqual({
      name: 'cartpole',
      kind: 'environment',
      summary: expect.any(String),
    });
  });
});

describe('qfleet presets --diff', () => {
  it('lists the fields in which two differ', async () => {
    const { stdout } = await qfleet(['presets', '--diff', 'per-dqn', 'dqn', '--json']);
    const fields = JSON.parse(stdout) as { field: string }[];
    expect(fields).toContainEqual({ field: 'agent.doubleQ', 'per-dqn': true, dqn: false });
    expect(fields.map(({ field }) => field)).toEqual([
      'agent.learningRate',
      'agent.doubleQ',
      'replay.sampling',
    ]);
  });

  it('takes two', async () => {
    const { code, stderr } = await qfleet(['presets', '--diff', 'dqn']);
    expect(code).toBe(2);
    expect(stderr).toContain('--diff takes two presets');
  });
});

describe('qfleet envs', () => {
  it('lists the environments, a line each', async () => {
    const { code, stdout } = await qfleet(['envs']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^CartPole-v1 +float32 \[4\] +2 actions +500 steps +\S/m);
  });

  it('prints one JSON document', async () => {
    const { stdout } = await qfleet(['envs', '--json']);
    expect(JSON.parse(stdout)).toContainEqual(
      expect.objectContaining({
        id: 'CartPole-v1',
        maxEpisodeSteps: 500,
        actionSpace: { kind: 'discrete', n: 2 },
      }),
    );
  });
});

describe('qfleet env trace', () => {
  const trace = async (env: string, input: string): Promise<ReturnType<typeof qfleet>> => {
    const file = join(temporaryDirectory(), 'trace.json');
    await writeFile(file, input);
    return qfleet(['env', 'trace', env, '--in', file]);
  };

  it('prints what the environment gave', async () => {
    const { code, stdout } = await trace('CliffWalking-v1', '{"state":[36],"actions":[0,1]}');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      initial: 36,
      observations: [24, 25],
      rewards: [-1, -1],
      terminated: [false, false],
      truncated: [false, false],
      states: [[24], [25]],
    });
  });

  it('takes the options of the environment, and --json', async () => {
    const file = join(temporaryDirectory(), 'trace.json');
    await writeFile(file, '{"options":{"levels":3,"max_episode_steps":2},"state":[0,0],"actions":[2,2,2]}');
    const { code, stdout } = await qfleet(['env', 'trace', 'Pendulum-v1', '--json', '--in', file]);
    expect(code).toBe(0);
    // 2 N·m for 0.05 s: 3 · 2 · 0.05 rad/s, then 0.05 s at that speed.
    const { states, truncated } = JSON.parse(stdout);
    expect(states[0][1]).toBeCloseTo(0.3, 12);
    expect(states[0][0]).toBeCloseTo(0.015, 12);
    expect(truncated).toEqual([false, true]);
  });

  it('gives the same trace for the same seed', async () => {
    const input = '{"seed":5,"actions":[0,1,1,0]}';
    const [first, second] = await Promise.all([trace('CartPole-v1', input), trace('CartPole-v1', input)]);
    expect(first.stdout).toBe(second.stdout);
    expect(JSON.parse(first.stdout).observations).toHaveLength(4);
  });

  it('plays a user’s module, and writes to a file', async () => {
    const directory = temporaryDirectory();
    const [env, input, out] = ['env.ts', 'in.json', 'out.json'].map((name) => join(directory, name));
    await writeFile(
      env,
      `import { defineEnvironment, discrete } from '@qfleet/envs';
      let at = 0;
      export default defineEnvironment({
        id: 'Two-v0', observationSpace: discrete(2), actionSpace: discrete(2),
        create: () => ({ reset: () => 0, step: (action: number) => ({ observation: action, reward: 1, terminated: action === 1 }) }),
      });`,
    );
    await writeFile(input, '{"seed":0,"actions":[0,1,0]}');
    expect(await qfleet(['env', 'trace', env, '--in', input, '--out', out])).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
    expect(JSON.parse(await readFile(out, 'utf8'))).toEqual({
      initial: 0,
      observations: [0, 1],
      rewards: [1, 1],
      terminated: [false, true],
      truncated: [false, false],
    });
  });

  it.each([
    ['CartPole-v7', '{"seed":0,"actions":[0]}', /no environment CartPole-v7.*CartPole-v1/],
    ['CartPole-v1', '{"seed":0,"actions":[2]}', /CartPole-v1.*actions/],
    ['CartPole-v1', '{"actions":[0]}', /seed, state or draws/],
    ['CartPole-v1', '{"seed":0,"actions":[1.5]}', /actions\.0: it must be an integer, not 1\.5/],
    ['CartPole-v1', '{"state":[0,0,0,NaN],"actions":[0]}', /trace\.json is not JSON/],
    ['CartPole-v1', '{"state":[0,0],"actions":[0]}', /4 finite numbers, not \[0,0\]/],
    ['CartPole-v1', '{"draws":{},"actions":[0]}', /it takes no draws/],
    ['CartPole-v1', '{"options":{"gravity":3},"seed":0,"actions":[]}', /CartPole-v1 has no option gravity/],
    ['Pendulum-v1', '{"options":{"levels":1},"seed":0,"actions":[]}', /option levels: it must be at least 2/],
    ['CartPole-v1', '{"seed":0,', /trace\.json is not JSON/],
  ])('refuses %s with %s', async (env, input, says) => {
    const { code, stdout, stderr } = await trace(env, input);
    expect(stderr).toMatch(says);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  it('names a file that is not there', async () => {
    const { code, stderr } = await qfleet(['env', 'trace', 'CartPole-v1', '--in', 'nowhere.json']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: nowhere\.json: there is no such file/);
  });
});
