import fc from 'fast-check';
import { expect, it } from 'vitest';
import { listPresets, loadRunConfig, parseRunConfig, type RunConfig, toYaml } from '../src/index.ts';

const count = (max: number) => fc.integer({ min: 1, max });
const rate = fc.double({ min: 0, max: 1, noNaN: true });
const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });

const target = fc.oneof(
  fc.record({ kind: fc.constant('soft' as const), tau: rate, publish: fc.boolean() }),
  fc.record({ kind: fc.constant('hard' as const), every: count(1e6) }),
  fc.record({ kind: fc.constant('stochastic' as const), probability: rate }),
);

/** Configurations that differ from a preset in fields of every type. */
const config: fc.Arbitrary<RunConfig> = fc
  .record({
    preset: fc.constantFrom('cartpole', 'acrobot', 'mountaincar'),
    seed: fc.integer({ min: 0, max: 0xffffffff }),
    options: fc.dictionary(
      fc.string({ minLength: 1, unit: 'grapheme' }).filter((key) => key !== '__proto__'),
      fc.oneof(
        fc.string({ unit: 'grapheme' }),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.boolean(),
      ),
    ),
    id: fc.string({ minLength: 1 }),
    actionRepeat: count(64),
    stickyActions: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    frameStack: count(64),
    maxEpisodeSteps: orNull(count(1e6)),
    normalizeObservations: fc.boolean(),
    returns: orNull(fc.tuple(fc.integer(), fc.integer())),
    onError: fc.constantFrom('end' as const, 'restart' as const),
    maxErrorsInARow: count(64),
    gymnasium: fc.record({
      python: orNull(fc.string({ minLength: 1 })),
      workers: count(64),
      limitSeconds: fc.double({ min: 1e-3, max: 3600, noNaN: true }),
    }),
    learningRate: fc.double({ min: 1e-12, max: 1, noNaN: true }),
    gradientClip: orNull(fc.double({ min: 1e-6, max: 1e9, noNaN: true })),
    hidden: fc.array(count(4096), { minLength: 1, maxLength: 8 }),
    target,
    solvedReturn: orNull(fc.double({ noNaN: true, noDefaultInfinity: true })),
  })
  .map(({ preset, seed, options, id, hidden, solvedReturn, ...given }) => {
    const { actionRepeat, stickyActions, frameStack, onError, maxErrorsInARow, ...others } = given;
    const { maxEpisodeSteps, normalizeObservations, returns, gymnasium, ...agent } = others;
    const changed = {
      maxEpisodeSteps,
      actionRepeat,
      stickyActions,
      frameStack,
      normalizeObservations,
      returns,
      gymnasium,
    };
    const base = loadRunConfig({ preset });
    if (base.agent.kind !== 'dqn') throw new Error('not DQN');
    return {
      ...base,
      seed,
      environment: { id, options, onError, maxErrorsInARow, ...changed },
      agent: { ...base.agent, ...agent, network: { ...base.agent.network, hidden } },
      stop: { ...base.stop, solvedReturn },
    };
  });

it('loads what it wrote', () => {
  fc.assert(
    fc.property(config, (made) => {
      const given = structuredClone(made);
      expect(parseRunConfig(toYaml(given), 'x')).toStrictEqual(given);
    }),
  );
});

it.each(listPresets().filter(({ kind }) => kind === 'environment'))(
  'writes all of $name, with comments',
  ({ name }) => {
    const text = toYaml(loadRunConfig({ preset: name }));
    expect(parseRunConfig(text, 'x')).toStrictEqual(loadRunConfig({ preset: name }));
    expect(text).toContain('# transitions before learning starts');
  },
);
