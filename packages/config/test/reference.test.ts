import { describe, expect, it } from 'vitest';
import { configReference, listPresets, presetByName, presetValues } from '../src/index.ts';

const reference = configReference();

/** The paths of a value's leaves; a list, null and a free mapping are leaves. */
function leaves(value: unknown, path: string): string[] {
  const isPart = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isPart || path === 'environment.options') return [path];
  return Object.entries(value).flatMap(([name, each]) =>
    leaves(each, path === '' ? name : `${path}.${name}`),
  );
}

describe('the reference of the configuration', () => {
  it('says of each field what it takes, and what it or each of its values means', () => {
    for (const field of reference) {
      expect(field.allowed, field.path).not.toMatch(/^$|a mapping of fields to values, /);
      const said = field.meaning ?? field.choices?.every(({ meaning }) => meaning !== undefined);
      expect(said, field.path).toBeTruthy();
    }
  });

  it('names type, range, default, paper and kinds', () => {
    expect(reference.find(({ path }) => path === 'replay.sampling.alpha')).toEqual({
      path: 'replay.sampling.alpha',
      of: { field: 'replay.sampling.kind', kinds: ['prioritized'] },
      allowed: 'a number of at least 0 and at most 1',
      default: 0.6,
      meaning: 'P(i) ∝ pᵢ^α (Schaul et al., 2016)',
      source: 'Schaul et al., 2016',
    });
    expect(reference.find(({ path }) => path === 'environment.stickyActions')?.allowed).toBe(
      'a number of at least 0 and below 1',
    );
    expect(reference.find(({ path }) => path === 'environment.returns')?.allowed).toBe(
      'a list of 2 values: a number, a number or null',
    );
    // Another default under another kind is another entry; what all kinds have depends on none.
    const rates = reference.filter(({ path }) => path === 'agent.learningRate');
    expect(rates.map(({ of, default: value }) => [of?.kinds, value])).toEqual([
      [['dqn', 'pqn'], 5e-4],
      [['tabular'], 0.1],
      [['token-q'], 1e-3],
    ]);
    expect(reference.find(({ path }) => path === 'agent.discount')).not.toHaveProperty('of');
  });

  it.each(listPresets().map(({ name }) => name))('has every field of %s, with its value', (name) => {
    const config = presetByName(name);
    const paths = reference.map(({ path }) => path);
    for (const path of leaves(config, '')) expect(paths).toContain(path);
    const values = presetValues(name, reference);
    expect(values.size).toBeGreaterThan(20);
    for (const [path, { value, source }] of values) {
      const steps = path.split('.');
      expect(steps.reduce<unknown>((part, step) => (part as Record<string, unknown>)[step], config)).toEqual(
        value,
      );
      expect(source, path).not.toBe('');
    }
  });

  it('says where a preset has a value from', () => {
    expect(presetValues('rainbow', reference).get('agent.objective.atoms')).toEqual({
      value: 51,
      source: expect.stringContaining('Hessel et al., 2018'),
    });
    expect(presetValues('rainbow', reference).has('environment.id')).toBe(false);
    expect(presetValues('cartpole', reference).get('agent.rewardScale')).toEqual({ value: 1 });
  });
});
