import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError, type ConfigSource, fleetOf, listPresets, loadRunConfig } from '../src/index.ts';

const directory = mkdtempSync(join(tmpdir(), 'qfleet-config-'));
afterAll(() => rmSync(directory, { recursive: true }));

const file = (text: string): string => {
  const path = join(directory, 'run.yaml');
  writeFileSync(path, text);
  return path;
};

const problems = (source: ConfigSource, overrides: string[] = []): readonly string[] => {
  try {
    loadRunConfig(source, overrides);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};

const least = 'environment: {id: CartPole-v1}\nagent: {kind: dqn}\n';

describe('presets', () => {
  it.each(listPresets().filter(({ kind }) => kind === 'environment'))(
    '$name is complete and right',
    ({ name, summary }) => {
      expect(summary).toMatch(/^\S.+/);
      const config = loadRunConfig({ preset: name });
      expect(config.name).toBe(name);
      expect(config.stop.maxUpdates).toBeGreaterThan(0);
      // There must be leases that wait, for actors that are added.
      const { actors, slots, slotsPerActor } = config.fleet;
      expect(actors * slotsPerActor).toBeLessThan(slots);
    },
  );

  it('names the nearest preset for an unknown one', () => {
    expect(problems({ preset: 'carpole' })).toEqual(['There is no preset "carpole". Did you mean cartpole?']);
    expect(problems({ preset: 'toString' })[0]).toMatch(
      /^There is no preset "toString". Known: acrobot, breakout, cartpole, /,
    );
  });
});

describe('a memory', () => {
  const refused = (agent: string, chunkLength = 8) =>
    problems({
      file: file(
        `environment: {id: CartPole-v1}\nagent: {kind: dqn, ${agent}}\nreplay: {chunkLength: ${chunkLength}}\n`,
      ),
    }).map((line) => line.replace(/^.*?: /, ''));
  const lstm = 'network: {kind: mlp, core: {kind: lstm}}';

  it('is trained on sequences that suit it and its chunks', () => {
    expect(refused(`${lstm}, sequence: {}`)).toEqual([]);
    expect(refused(`${lstm}, sequence: {burnIn: 0, length: 16, stride: 16}`, 16)).toEqual([]);
    expect(refused('sequence: {burnIn: 0, length: 3, stride: 2}')).toEqual([]);
    expect(refused(lstm)).toEqual([
      'agent.sequence is null; allowed: a sequence, as {burnIn: 40, length: 80, stride: 40}, because ' +
        'agent.network.core.kind is lstm.',
    ]);
    expect(refused(`${lstm}, sequence: {burnIn: 8, length: 8, stride: 8}`)).toEqual([
      'agent.sequence.length is 8; allowed: more than agent.sequence.burnIn, 8.',
    ]);
    expect(refused(`${lstm}, sequence: {burnIn: 8, length: 16, stride: 24}`)).toEqual([
      'agent.sequence.stride is 24; allowed: at most agent.sequence.length, 16, so that no step is left out.',
    ]);
    expect(refused(`${lstm}, sequence: {burnIn: 8, length: 16, stride: 8}`, 3)).toEqual(
      ['burnIn', 'stride'].map(
        (field) =>
          `agent.sequence.${field} is 8; allowed: a multiple of replay.chunkLength, 3: the memory is stored where a ` +
          'chunk begins.',
      ),
    );
    expect(refused('sequence: {burnIn: 8, length: 16, stride: 8}')).toEqual([
      'agent.sequence.burnIn is 8; allowed: 0 with agent.network.core.kind none, which has no memory.',
    ]);
  });
});

describe('what an agent is trained for', () => {
  const dqn = (fields: string, rest = '') =>
    problems({ file: file(`environment: {id: CartPole-v1}\nagent: {kind: dqn, ${fields}}\n${rest}`) }).map(
      (line) => line.replace(/^.*?: /, ''),
    );

  it('is refused where its parts contradict each other, with the reason', () => {
    expect(dqn('objective: {kind: c51, low: 3, high: 3}')).toEqual([
      'agent.objective.low is 3; allowed: less than agent.objective.high, 3.',
    ]);
    expect(dqn('objective: {kind: hl-gauss, low: 1, high: 0, bins: 1}')[0]).toBe(
      'agent.objective.bins is 1; allowed: an integer of at least 2 and at most 1024.',
    );
    expect(dqn('objective: {kind: c51, atoms: 1}')).toEqual([
      'agent.objective.atoms is 1; allowed: an integer of at least 2 and at most 1024.',
    ]);
    expect(dqn('munchausen: {}')).toEqual([
      'agent.munchausen is set; allowed: null, or agent.doubleQ false: its target is a mean over a softmax policy, ' +
        'in which no greedy action is chosen.',
    ]);
    expect(dqn('munchausen: {}, doubleQ: false, objective: {kind: c51}')[0]).toMatch(
      /another agent\.objective than c51/,
    );
    expect(dqn('munchausen: {}, doubleQ: false, valueRescaling: 0.001')[0]).toMatch(
      /agent\.valueRescaling null/,
    );
    expect(dqn('munchausen: {}, doubleQ: false, objective: {kind: iqn}')).toEqual([]);
    expect(dqn('objective: {kind: iqn}, network: {kind: mlp, hidden: [8]}')).toEqual([
      'agent.network.hidden has one layer; allowed: two or more with agent.objective iqn, which multiplies its levels ' +
        'into what the first ones make.',
    ]);
  });

  it('is switched on by any of its fields', () => {
    const source = { file: file(least) };
    const overrides = ['agent.munchausen.tau=0.1', 'agent.doubleQ=false'];
    expect(loadRunConfig(source, overrides).agent).toMatchObject({ munchausen: { alpha: 0.9, tau: 0.1 } });
    expect(
      problems(source, ['agent.munchausen.tua=0.1', 'agent.cql.alpha=0', 'agent.gradientClip.x=1']),
    ).toEqual([
      'agent.munchausen.tua is unknown. Did you mean agent.munchausen.tau?',
      'agent.gradientClip.x is unknown: agent.gradientClip takes a number above 0 or null.',
      'agent.cql.alpha is 0; allowed: a number above 0.',
    ]);
  });

  it('leaves first priorities to actors only where they know its TD errors', () => {
    const replay =
      'replay: {sampling: {kind: prioritized, initialPriority: td-error}}\nstop: {maxUpdates: 1000}\n';
    expect(dqn('rewardClip: 1', replay)).toEqual([]);
    expect(dqn('objective: {kind: qr}', replay)).toEqual([
      'replay.sampling.initialPriority is td-error; allowed: max, because the priorities of agent.objective qr are no TD errors.',
    ]);
    expect(dqn('valueRescaling: 0.001', replay)[0]).toMatch(
      /targets of agent\.valueRescaling are not those of actors/,
    );
    expect(dqn('munchausen: {}, doubleQ: false', replay)[0]).toMatch(/targets of agent\.munchausen/);
  });
});

describe('files', () => {
  it('fills in the defaults', () => {
    const config = loadRunConfig({ file: file(least) });
    expect(config).toMatchObject({ seed: 0, agent: { batchSize: 64 }, exploration: { kind: 'ladder' } });
  });

  it('tells all problems at once, with place, field, value and what is allowed', () => {
    const path = file(`name: a b
seed: -1
environment: {id: 3, options: {x: [1]}}
agent:
  kind: dqn
  learningRate: fast
  learningrate: 0.1
  gradientClip: 0
  network: {kind: mlp, hidden: [8, 0.5]}
replay:
  sampling: {kind: uniform, alpha: 3}
exploration: {base: 1}
fleet:
`);
    expect(problems({ file: path }).map((line) => line.replace(`${path}:`, ''))).toEqual([
      '1:7: name is "a b"; allowed: letters, digits, ".", "_" and "-", at most 64.',
      '2:7: seed is -1; allowed: an integer of at least 0 and at most 4294967295.',
      '3:19: environment.id is 3; allowed: text.',
      '3:35: environment.options.x is [1]; allowed: text or a number or true or false.',
      '9:36: agent.network.hidden.1 is 0.5; allowed: an integer above 0 and at most 65536.',
      '6:17: agent.learningRate is "fast"; allowed: a number above 0 and at most 1.',
      '8:17: agent.gradientClip is 0; allowed: a number above 0 or null.',
      '7:17: agent.learningrate is unknown. Did you mean agent.learningRate?',
      '12:14: exploration.kind is missing; allowed: ladder or schedule or exponential.',
      '11:36: replay.sampling.alpha is unknown here: it belongs to kind prioritized.',
      '13:7: fleet is null; allowed: a mapping of fields to values.',
    ]);
  });

  it.each([
    ['dqnn', 'agent.kind is "dqnn"; allowed: dqn or tabular or pqn or token-q. Did you mean dqn?'],
    ['.nan', 'agent.kind is NaN; allowed: dqn or tabular or pqn or token-q.'],
    ['[dqn]', 'agent.kind is ["dqn"]; allowed: dqn or tabular or pqn or token-q.'],
  ])('refuses the kind %s', (kind, expected) => {
    const path = file(`environment: {id: x}\nagent: {kind: ${kind}}\n`);
    expect(problems({ file: path })).toEqual([`${path}:2:15: ${expected}`]);
  });

  it.each(['.nan', '.inf', '-1', '"10"', 'true', '{a: 1}'])('refuses %s for a rate', (value) => {
    const path = file(`${least}exploration: {kind: schedule, from: ${value}}\n`);
    expect(problems({ file: path })).toEqual([
      expect.stringMatching(
        /:3:37: exploration\.from is .+; allowed: a number of at least 0 and at most 1\.$/,
      ),
    ]);
  });

  it.each([
    ['seed: [1\nname: b\n', '2:1: malformed YAML: Flow sequence'],
    ['seed: 1\nseed: 2\n', '2:1: malformed YAML: Map keys must be unique'],
    ['seed: 1\n\tname: b\n', '2:1: malformed YAML: '],
    ['seed: !!js/function "x"\n', '1:7: malformed YAML: Unresolved tag'],
    ['seed: 1\n---\nseed: 2\n', '2:1: malformed YAML: Source contains multiple documents'],
  ])('places malformed YAML by line and column: %j', (text, expected) => {
    const path = file(text);
    expect(problems({ file: path })[0]).toContain(`${path}:${expected}`);
  });

  it('does not blow up on aliases that multiply', () => {
    const lines = ['a: &a [x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 12; i++) {
      const above = String.fromCharCode(96 + i);
      lines.push(
        `${String.fromCharCode(97 + i)}: &${String.fromCharCode(97 + i)} [${Array(9).fill(`*${above}`)}]`,
      );
    }
    expect(problems({ file: file(lines.join('\n')) })[0]).toMatch(/malformed YAML: Excessive alias count/);
  });

  it('refuses what is no mapping, and files that cannot be read', () => {
    expect(problems({ file: file('- a') })[0]).toMatch(/run\.yaml holds a list; /);
    expect(problems({ file: file('') })[0]).toMatch(/run\.yaml is empty; /);
    expect(problems({ file: join(directory, 'none.yaml') })[0]).toMatch(
      /none\.yaml: there is no such file\.$/,
    );
    expect(problems({ file: directory })[0]).toMatch(/it is a directory\.$/);
  });

  it('means a module path from where the file is', () => {
    const path = file('environment: {id: mine, module: ./env.ts}\nagent: {kind: dqn}\n');
    expect(loadRunConfig({ file: path }).environment.module).toBe(join(directory, 'env.ts'));
  });
});

describe('environment modules', () => {
  it('give the default DQN configuration', () => {
    const path = join(directory, 'my env.ts');
    writeFileSync(path, '');
    const config = loadRunConfig({ environmentModule: path });
    expect(config).toMatchObject({ name: 'my-env', environment: { id: 'my env', module: path } });
    expect(config.agent.kind).toBe('dqn');
    expect(problems({ environmentModule: join(directory, 'none.ts') })[0]).toMatch(
      /^There is no file .*none\.ts/,
    );
  });
});

describe('overrides', () => {
  const cartpole = { preset: 'cartpole' };
  const load = (...overrides: string[]) => loadRunConfig(cartpole, overrides);

  it('take YAML values', () => {
    const config = load(
      'agent.learningRate=3e-4',
      'agent.network.hidden=[64, 32]',
      'agent.gradientClip=null',
      'agent.doubleQ=false',
      'name=a.b',
      'environment.options={speed: fast}',
      'environment.options.gravity=9.81',
    );
    expect(config).toMatchObject({
      name: 'a.b',
      agent: { learningRate: 3e-4, network: { hidden: [64, 32] }, gradientClip: null, doubleQ: false },
      environment: { options: { speed: 'fast', gravity: 9.81 } },
    });
  });

  it('switch a kind, which starts its part afresh, in any order', () => {
    expect(load('replay.sampling.kind=prioritized').replay.sampling).toMatchObject({
      kind: 'prioritized',
      alpha: 0.6,
      beta: 0.4,
    });
    expect(load('exploration.base=0.3', 'exploration.kind=ladder').exploration).toEqual({
      kind: 'ladder',
      base: 0.3,
      alpha: 7,
      selector: { kind: 'epsilon-greedy' },
    });
    expect(load('exploration.selector.kind=softmax').exploration).toMatchObject({
      kind: 'schedule',
      selector: { kind: 'softmax', temperature: 1 },
    });
    expect(
      load('exploration.selector.temperature=0.5', 'exploration.selector.kind=softmax').exploration,
    ).toMatchObject({ selector: { kind: 'softmax', temperature: 0.5 } });
    expect(() => load('exploration.selector.kind=softmax', 'exploration.selector.temperature=0')).toThrow(
      /exploration\.selector\.temperature is 0/,
    );
    expect(load('agent.target.every=9', 'agent.target.kind=hard').agent).toMatchObject({
      learningRate: 1e-3,
      target: { kind: 'hard', every: 9 },
    });
    expect(load('agent.kind=tabular').agent).toMatchObject({ kind: 'tabular', learningRate: 0.1 });
    // The kind that it already has changes nothing.
    expect(load('exploration.kind=schedule').exploration).toMatchObject({ steps: 8_000 });
  });

  it('reach parts that the preset leaves to their defaults', () => {
    expect(load('learner.publishEvery=7').learner.publishEvery).toBe(7);
    const ladder = loadRunConfig({ file: file(least) }, ['exploration.alpha=3']);
    expect(ladder.exploration).toMatchObject({ kind: 'ladder', base: 0.4, alpha: 3 });
  });

  it('mend a file, and are not blamed on it', () => {
    const path = file(`${least}seed: -1\n`);
    expect(loadRunConfig({ file: path }, ['seed=1']).seed).toBe(1);
    expect(problems({ file: path }, ['seed=-2'])).toEqual([expect.stringMatching(/^seed is -2;/)]);
  });

  it.each([
    ['agent.learningrate=1', 'agent.learningrate is unknown. Did you mean agent.learningRate?'],
    ['aget.learningRate=1', 'aget is unknown. Did you mean agent?'],
    ['seed.x=1', 'seed.x is unknown: seed takes an integer of at least 0 and at most 4294967295.'],
    [
      'agent.network.hidden.0=1',
      'agent.network.hidden.0 is part of a list: set agent.network.hidden as a whole',
    ],
    ['exploration.base=1', 'exploration.base is unknown here: it belongs to kind ladder.'],
    ['__proto__.polluted=1', '__proto__ is unknown. Known: name, '],
    ['environment.options.__proto__=1', 'environment.options.__proto__ is unknown'],
    ['constructor=1', 'constructor is unknown. Known: '],
    ['stop.maxUpdates=1.5', 'stop.maxUpdates is 1.5; allowed: an integer above 0 or null.'],
    ['replay.sampling.kind=prioritised', 'allowed: uniform or prioritized. Did you mean prioritized?'],
    ['seed', '--set seed: write path=value'],
    ['=1', '--set =1: write path=value'],
    ['a..b=1', '--set a..b=1: write path=value'],
    ['seed=[1', '--set seed=[1: the value is not YAML (Flow sequence'],
  ])('refuse %s', (override, expected) => {
    const found = problems(cartpole, [override]);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(expected);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('checks between fields', () => {
  it.each([
    ['replay.minSize=100000', 'replay.minSize is 100000; allowed: less than replay.capacity, 100000.'],
    ['agent.batchSize=2000', 'replay.minSize is 1000; allowed: at least agent.batchSize, 2000.'],
    ['replay={capacity: 200, minSize: 128, chunkLength: 300}', 'replay.chunkLength is 300; allowed: at most'],
    ['fleet.slotsPerLease=17', 'fleet.slotsPerLease is 17; allowed: at most fleet.slots, 16.'],
    ['fleet.slotsPerLease=5', 'fleet.slotsPerLease is 5; allowed: at most fleet.slotsPerActor, 4.'],
    ['fleet.actors=5', 'fleet.actors is 5, and 4 hold all 16 slots already: raise fleet.slots'],
    ['exploration={kind: schedule, from: 0.1, to: 0.2}', 'exploration.to is 0.2; allowed: at most'],
    ['exploration={kind: exponential, from: 0.1, to: 0.2}', 'exploration.to is 0.2; allowed: at most'],
    [
      'exploration={kind: exponential, to: 0}',
      'exploration.to is 0; allowed: a number above 0 and at most 1.',
    ],
    [
      'agent={kind: dqn, loss: mse, huberKappa: 2}',
      'agent.huberKappa is 2; allowed: 1, because agent.loss is mse.',
    ],
    [
      'agent={kind: dqn, objective: {kind: c51}, huberKappa: 2}',
      'agent.huberKappa is 2; allowed: 1, because agent.objective c51 has a loss of its own.',
    ],
  ])('%s', (override, expected) => {
    const found = problems({ preset: 'cartpole' }, [override]);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(expected);
  });

  it.each([
    [
      'agent.minibatches=33',
      'agent.minibatches is 33; allowed: a divisor of agent.copies × agent.steps, 4096.',
    ],
    ['agent.lambda=1.1', 'agent.lambda is 1.1; allowed: a number of at least 0 and at most 1.'],
    ['agent.target.kind=hard', 'agent.target'],
    ['agent.batchSize=32', 'agent.batchSize'],
    [
      'replay.sampling.kind=prioritized',
      'replay.sampling is {"kind":"prioritized","alpha":0.6,"beta":0.4,"epsilon":0.000001,"importanceWeights":"batch",' +
        '"initialPriority":"max"}; allowed: nothing, since agent.kind pqn learns from each round at once and keeps no ' +
        'replay: leave it out.',
    ],
    ['replay.capacity=5000', 'replay.capacity is 5000; allowed: nothing, since agent.kind pqn learns from'],
    [
      'learner.publishEvery=7',
      'learner.publishEvery is 7; allowed: nothing, since agent.kind pqn publishes its',
    ],
    ['learner.cacheBytes=7', 'learner.cacheBytes is 7; allowed: nothing, since agent.kind pqn learns from'],
  ])('of PQN: %s', (override, expected) => {
    const found = problems({ preset: 'cartpole' }, ['agent.kind=pqn', override]);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(expected);
  });

  it('forget a replay with the agent that learned from it', () => {
    const config = loadRunConfig({ preset: 'cartpole' }, ['agent.kind=pqn']);
    expect(config.replay).toEqual(
      loadRunConfig({ file: file('environment: {id: x}\nagent: {kind: dqn}\n') }).replay,
    );
  });

  it('spread the copies of a round evenly over the actors, in whole leases', () => {
    const of = (...overrides: string[]) =>
      fleetOf(loadRunConfig({ preset: 'cartpole' }, ['agent.kind=pqn', ...overrides]));
    expect(of()).toMatchObject({ slots: 128, slotsPerLease: 2, slotsPerActor: 64 });
    expect(of('fleet.actors=3')).toMatchObject({ slots: 128, slotsPerLease: 2, slotsPerActor: 44 });
    expect(of('fleet.slotsPerActor=128')).toMatchObject({ slots: 128, slotsPerActor: 128 });
    expect(of('agent.copies=1')).toMatchObject({ slots: 1, slotsPerLease: 1, slotsPerActor: 4 });
  });

  it('want an end where something is scheduled to it', () => {
    expect(problems({ preset: 'cartpole' }, ['stop.maxUpdates=null'])).toEqual([]);
    expect(
      problems({ preset: 'cartpole' }, ['stop.maxUpdates=null', 'replay.sampling.kind=prioritized']),
    ).toEqual([
      'stop.maxUpdates is null; allowed: a number of updates, because replay.sampling.beta reaches 1 there.',
    ]);
    expect(
      problems({ preset: 'cartpole' }, ['agent.network.noisy={}', 'exploration.selector.kind=softmax']),
    ).toEqual([
      'exploration.selector.kind is softmax; allowed: epsilon-greedy with agent.network.noisy, whose noise already is the ' +
        'exploration that softmax would add to.',
    ]);
    expect(
      problems({ preset: 'cartpole' }, ['agent.learningRateSchedule=cosine', 'agent.learningRateDecay=1']),
    ).toEqual([
      'agent.learningRateSchedule is cosine; allowed: linear where agent.learningRateDecay is 1, with which the rate stays as it is.',
    ]);
    expect(problems({ preset: 'cartpole' }, ['stop.maxUpdates=100', 'agent.learningRateWarmup=100'])).toEqual(
      ['agent.learningRateWarmup is 100; allowed: less than stop.maxUpdates, 100.'],
    );
    expect(problems({ preset: 'cartpole' }, ['stop.maxUpdates=null', 'agent.learningRateDecay=0.1'])).toEqual(
      ['stop.maxUpdates is null; allowed: a number of updates, because agent.learningRateDecay ends there.'],
    );
  });
});
