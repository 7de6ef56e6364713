import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { listPresets, loadRunConfig, presetByName, presetFor } from '../src/index.ts';
import { methodFor } from '../src/method.ts';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
/** What each preset was when it was last changed on purpose: the whole configuration, defaults included. */
const expected = JSON.parse(readFileSync(at('./fixtures/presets.json'), 'utf8')) as Record<string, object>;
const folder = at('../presets');
const environments = listPresets().filter(({ kind }) => kind === 'environment');
const methods = listPresets().filter(({ kind }) => kind === 'method');

describe('presets', () => {
  it('are the files of their folder, in order', () => {
    const files = (path: string) =>
      readdirSync(path)
        .filter((file) => file.endsWith('.yaml'))
        .map((file) => file.slice(0, -'.yaml'.length))
        .sort();
    expect(environments.map(({ name }) => name)).toEqual(files(folder));
    expect(methods.map(({ name }) => name)).toEqual(files(join(folder, 'methods')));
    expect(Object.keys(expected).sort()).toEqual(files(folder));
  });

  it.each(environments)('$name trains what it always has', ({ name, summary }) => {
    expect({ summary, config: loadRunConfig({ preset: name }) }).toEqual(expected[name]);
  });

  it.each(environments)('$name is a configuration file like any other', ({ name }) => {
    const config = loadRunConfig({ file: join(folder, `${name}.yaml`) });
    expect(config).toEqual(loadRunConfig({ preset: name }));
  });

  it.each(listPresets())('$name names the source of each value', ({ name, kind }) => {
    const lines = readFileSync(join(folder, kind === 'method' ? 'methods' : '', `${name}.yaml`), 'utf8')
      .trimEnd()
      .split('\n');
    for (const line of lines) expect(line).toMatch(/^ *#|^ *\w+:$|^ *\w+: \S.* # \S/);
  });

  it('are found by the environment that they train', () => {
    expect(presetFor('CartPole-v1')).toBe('cartpole');
    expect(presetFor('cartpole')).toBeUndefined();
  });

  it('lie beside the compiled files too', async () => {
    const compiled = fileURLToPath(import.meta.resolve('@qfleet/config'));
    expect(join(dirname(compiled), '..', 'presets')).toBe(folder);
    const { listPresets: listed } = (await import('@qfleet/config')) as typeof import('../src/index.ts');
    expect(listed()).toEqual(listPresets());
  });
});

describe('a method', () => {
  const cartpole = { preset: 'cartpole' } as const;
  const perDqn = { preset: 'per-dqn', observation: [4] };

  it('trains an environment whose preset says what is played, by whom, how it is judged and when it ends', () => {
    const own = loadRunConfig(cartpole);
    const config = loadRunConfig(cartpole, [], perDqn);
    const { environment, fleet, evaluation, stop } = own;
    expect(config).toMatchObject({ name: 'cartpole-per-dqn', environment, fleet, evaluation, stop });
    const { agent, replay } = presetByName('per-dqn');
    expect({ agent: config.agent, replay: config.replay }).toEqual({ agent, replay });
  });

  it('is overridden, and lies under a file', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'qfleet-')), 'mine.yaml');
    writeFileSync(
      file,
      'environment: {id: CartPole-v1}\nagent: {kind: dqn, nSteps: 5}\nreplay: {capacity: 2000}\nstop: {maxUpdates: 9}\n',
    );
    const config = loadRunConfig({ file }, ['agent.batchSize=16'], perDqn);
    expect(config.agent).toMatchObject({ nSteps: 5, learningRate: 2.5e-4, batchSize: 16 });
    expect(config.replay).toMatchObject({ capacity: 2000, sampling: { kind: 'prioritized' } });
  });

  it.each(methods)('$name is complete and trains CartPole', ({ name }) => {
    expect(loadRunConfig(cartpole, [], { preset: name, observation: [4] }).name).toBe(`cartpole-${name}`);
  });

  it('reads, discounts and cuts texts as the preset of an environment that speaks does', () => {
    const given = {
      environment: { id: 'text/walks' },
      agent: { kind: 'token-q', network: { kind: 'decoder', width: 32 }, discountPer: 'token', beta: 3 },
      replay: { chunkLength: 10, capacity: 50 },
    };
    const on = (preset: string) => methodFor({ preset, observation: null }, given);
    expect(on('mc')).toMatchObject({
      agent: { network: { layers: 2, width: 32 }, objective: { kind: 'mc' }, discountPer: 'token', beta: 16 },
      replay: { chunkLength: 10 },
    });
    expect(on('token-dqn')).toMatchObject({ replay: { chunkLength: 10, capacity: 30_000 } });
    expect(on('dqn')).not.toHaveProperty('agent.discountPer');
  });

  it('has its histogram cover the returns of the environment, where it does not say itself what', () => {
    const rainbow = { preset: 'rainbow', observation: [4] };
    const objective = (set: string[] = []) => {
      const { agent } = loadRunConfig(cartpole, set, rainbow);
      return agent.kind === 'dqn' ? agent.objective : null;
    };
    expect(objective()).toMatchObject({ kind: 'c51', low: 0, high: 100 });
    expect(objective(['agent.objective.high=50'])).toMatchObject({ low: 0, high: 50 });
    const network = (shape: number[]) => {
      const { agent } = loadRunConfig({ preset: 'minatar-breakout' }, [], { ...rainbow, observation: shape });
      return agent.kind === 'dqn' ? agent.network : null;
    };
    expect(network([10, 10, 4])).toMatchObject({ kind: 'minatar-cnn', dueling: true, noisy: { sigma: 0.1 } });
    expect(network([84, 84, 1])?.kind).toBe('nature-cnn');
  });

  it('keeps of its torso what every torso has, where the observations need another', () => {
    const networkOf = (preset: string, observation: number[]) => {
      const { agent } = loadRunConfig({ preset: 'cartpole' }, [], { preset, observation });
      return agent.kind === 'dqn' ? agent.network : null;
    };
    const common = { dueling: true, noisy: { sigma: 0.5 } };
    expect(networkOf('btr', [84, 84, 4])).toMatchObject({
      kind: 'impala',
      width: 2,
      spectralNorm: true,
      pool: 6,
      ...common,
    });
    expect(networkOf('btr', [10, 10, 4])).toMatchObject({ kind: 'minatar-cnn', hidden: [128], ...common });
    expect(networkOf('btr', [4])).toMatchObject({ kind: 'mlp', hidden: [128, 128], ...common });
    const core = { kind: 'lstm', units: 64 };
    expect(networkOf('r2d2', [4])).toMatchObject({ kind: 'mlp', core });
    expect(networkOf('r2d2', [10, 10, 4])).toMatchObject({ kind: 'minatar-cnn', core });
  });

  it('is told from the preset of an environment', () => {
    expect(() => loadRunConfig({ preset: 'per-dqn' })).toThrow(/per-dqn is a method: say what it trains/);
    const acrobot = { preset: 'acrobot', observation: null };
    expect(() => loadRunConfig(cartpole, [], acrobot)).toThrow(/acrobot is the preset of an environment/);
    expect(() => loadRunConfig(cartpole, [], { ...acrobot, preset: 'per-dqm' })).toThrow(
      /Did you mean per-dqn/i,
    );
  });
});
