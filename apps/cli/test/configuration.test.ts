import { listEnvironments } from '@qfleet/envs';
import { describe, expect, it } from 'vitest';
import { choiceNote, configurationOf } from '../src/train/configuration.ts';

describe('the configuration of a run', () => {
  const fleet = (actors: number | undefined, ...set: string[]) =>
    configurationOf('cartpole', { ...(actors === undefined ? {} : { actors }), set }).fleet;

  it('has slots for the actors that were asked for, with as many to spare', () => {
    expect(fleet(1)).toMatchObject({ actors: 1, slots: 16 });
    expect(fleet(undefined)).toMatchObject({ actors: 2, slots: 16, slotsPerActor: 4 });
    expect(fleet(3)).toMatchObject({ actors: 3, slots: 24 });
    expect(fleet(4)).toMatchObject({ actors: 4, slots: 32 });
    expect(fleet(5)).toMatchObject({ actors: 5, slots: 40 });
    expect(fleet(5, 'fleet.slotsPerActor=8')).toMatchObject({ actors: 5, slots: 80 });
    expect(() => fleet(1_000_000)).toThrow(/^fleet\.actors is 1000000; allowed: [^\n]*$/);
  });

  it('keeps the slots that were asked for, and says so where they are too few', () => {
    expect(fleet(5, 'fleet.slots=20')).toMatchObject({ actors: 5, slots: 20 });
    expect(() => fleet(5, 'fleet.slots=8')).toThrow(/fleet\.actors is 5, and 2 hold all 8 slots already/);
  });
});

describe('an environment that is named by its id', () => {
  it.each(listEnvironments().map(({ id }) => id))('has a configuration: %s', (id) => {
    const config = configurationOf(id, {});
    expect(config.environment.id).toBe(id);
    expect(config.stop.maxUpdates).toBeGreaterThan(0);
    expect(choiceNote(id)).toMatch(/^(\S+ is trained by the preset [\w-]+|No preset trains \S+: .*)\.$/);
  });

  it('is trained by its preset, else by what suits its observations', () => {
    expect(configurationOf('CartPole-v1', {})).toEqual(configurationOf('cartpole', {}));
    expect(configurationOf('FrozenLake8x8-v1', {}).agent.kind).toBe('tabular');
    expect(configurationOf('CartPole-v0', { seed: 3 })).toMatchObject({ agent: { kind: 'dqn' }, seed: 3 });
    expect(choiceNote('cartpole')).toBe(null);
  });

  it('is trained by a method in place of its preset', () => {
    const config = configurationOf('Acrobot-v1', { preset: 'per-dqn', set: ['seed=4'] });
    expect(config).toMatchObject({ name: 'acrobot-per-dqn', seed: 4, agent: { network: { kind: 'mlp' } } });
    expect(config.stop.solvedReturn).toBe(-85);
    expect(configurationOf('FrozenLake8x8-v1', { preset: 'dqn' }).agent.kind).toBe('dqn');
    expect(choiceNote('acrobot', { preset: 'dqn' })).toBe(null);
  });

  it('is told where a method takes another torso than its own', () => {
    expect(choiceNote('minatar/breakout', { preset: 'btr' })).toBe(
      'btr takes the torso minatar-cnn in place of impala, which does not suit the observations of minatar/breakout.',
    );
    expect(choiceNote('cartpole', { preset: 'btr' })).toMatch(
      /^btr takes the torso mlp in place of impala, /,
    );
    expect(choiceNote('minatar/breakout', { preset: 'r2d2' })).toBe(null);
  });

  it('has a time limit, for evaluations', () => {
    const { environment } = configurationOf('CliffWalkingSlippery-v1', {});
    expect(environment.options['max_episode_steps']).toBeGreaterThan(0);
  });
});
