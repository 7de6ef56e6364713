import { describe, expect, it } from 'vitest';
import { qfleet } from '../../../test/support/qfleet.ts';

describe('qfleet config', () => {
  it('shows a field with all that is known of it', async () => {
    const { code, stdout } = await qfleet(['config', 'agent.objective.kind', '--preset', 'rainbow']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}takes +expected or c51 or qr or iqn or hl-gauss or custom$/m);
    expect(stdout).toMatch(/^ {2}default +expected$/m);
    expect(stdout).toMatch(/^ {2}in rainbow +c51 \(Hessel et al\., 2018\)$/m);
  });

  it('lists the fields of a part, a line each', async () => {
    const { stdout } = await qfleet(['config', 'replay.sampling']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(7);
    for (const line of lines.slice(1)) expect(line).toMatch(/^replay\.sampling\.\w+ {2,}\S+ {2,}\S/);
  });

  it('is one JSON document with --json', async () => {
    const { stdout } = await qfleet(['config', 'replay.capacity', '--preset', 'cartpole', '--json']);
    expect(JSON.parse(stdout)).toEqual([
      {
        path: 'replay.capacity',
        allowed: 'an integer above 0 and at most 1073741824',
        default: 100_000,
        meaning: 'transitions',
        value: 100_000,
        source: 'RL Baselines3 Zoo, dqn.yml',
      },
    ]);
  });

  it.each([
    [['agent.lerningRate'], 'There is no field agent.lerningRate. Did you mean agent.learningRate?'],
    [['learningRate'], 'There is no field learningRate. Did you mean agent.learningRate?'],
    [['replays'], 'There is no field replays. Did you mean replay?'],
    [
      ['agent.objective.atoms', '--preset', 'cartpole'],
      'The preset cartpole says nothing of agent.objective.atoms: leave --preset out.',
    ],
    [['agent', '--preset', 'cartpol'], 'There is no preset "cartpol". Did you mean cartpole?'],
  ])('refuses what is not there: %j', async (args, says) => {
    const { code, stdout, stderr } = await qfleet(['config', ...args]);
    expect(stderr).toBe(`error: ${says}\n`);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});
