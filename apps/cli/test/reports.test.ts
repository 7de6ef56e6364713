import { describe, expect, it } from 'vitest';
import { qfleet } from '../../../test/support/qfleet.ts';

describe('qfleet bench', () => {
  it('prints one JSON document: what was measured, where, and what it is held against', async () => {
    const { code, stdout } = await qfleet(['bench', 'envs', 'CartPole-v1', '--json']);
    expect(code).toBe(0);
    const { bench, machine, rows } = JSON.parse(stdout);
    expect(bench).toBe('envs');
    expect(machine).toMatchObject({ cores: expect.any(Number), node: process.version });
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) {
      expect(Object.keys(row)).toEqual(['name', 'value', 'unit', 'reference', 'referenceValue', 'ratio']);
      expect(row.value).toBeGreaterThan(0);
    }
  });

  it('prints a table for people', async () => {
    const { code, stdout } = await qfleet(['bench', 'envs', 'GridWorld-v0']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/cores.*Node v/);
    expect(stdout).toMatch(/value +unit/);
    expect(stdout).toMatch(/GridWorld-v0, 1,?024 copies/);
  });
});

describe('qfleet doctor', () => {
  it('says what runs here, as JSON', async () => {
    const { stdout } = await qfleet(['doctor', '--json']);
    const { findings } = JSON.parse(stdout);
    expect(findings.map(({ name }: { name: string }) => name)).toEqual([
      ...['Node', 'CPU', 'GPU', 'TensorFlow', 'Redis', 'Python', 'C++ compiler'],
    ]);
    expect(findings[0]).toEqual({ name: 'Node', status: 'ok', found: process.version, advice: null });
  });

  it('says what to do about what is missing', async () => {
    const { code, stdout } = await qfleet(['doctor'], {
      env: { PATH: '/nowhere', QFLEET_REDIS_SERVER: '/nowhere/redis-server', QFLEET_CACHE_DIR: '/nowhere' },
    });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^missing +Redis/m);
    expect(stdout).toMatch(/^warning +C\+\+ compiler +none\n.*Install g\+\+/m);
    expect(stdout).toMatch(/^warning +Python +none\n.*Install Python 3/m);
  });

  it('says where a forced TensorFlow cannot run', async () => {
    const { code, stdout } = await qfleet(['doctor', '--json'], {
      env: { QFLEET_TENSOR: 'gpu', QFLEET_CACHE_DIR: '/nowhere' },
    });
    expect(code).toBe(1);
    expect(JSON.parse(stdout).findings).toContainEqual(
      expect.objectContaining({
        name: 'TensorFlow',
        status: 'missing',
        advice: expect.stringContaining('gpu'),
      }),
    );
  });
});
