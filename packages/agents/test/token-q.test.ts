import { runConfigOf } from '@qfleet/config';
import { SPEAKER, tokenLayout } from '@qfleet/replay';
import { describe, expect, it } from 'vitest';
import { createAgent } from '../src/index.ts';
import { dialogueSteps, type ReturnOptions } from '../src/token-q/dialogue-steps.ts';
import { batchOf, type DrawnRow } from './token-q-checks.ts';

const { environment: E, environmentBegins: EB, agent: A, agentBegins: AB } = SPEAKER;

/** Two texts of the environment, two utterances of the agent whose last tokens end them, and padding. */
const ROW: DrawnRow = {
  tokens: [5, 6, 1, 2, 9, 7, 3, 9, 8, 0],
  speakers: [EB, E, AB, A, A, EB, AB, A, EB, E],
  mask: [1, 1, 1, 1, 1, 1, 1, 1, 1, 0],
  trained: [0, 0, 1, 1, 1, 0, 1, 1, 0, 0],
  rewards: [0, 0, 0, 0, -1, 0, 0, 2, 0, 0],
  ...{ end: 'terminated', tail: 0, weight: 1 },
};
const TOKEN: ReturnOptions = { nSteps: 1, discount: 0.5, discountPer: 'token', vocabulary: 10 };

/** The steps of a row that are no padding. */
function stepsOf(row: DrawnRow, options: Partial<ReturnOptions> = {}) {
  const steps = dialogueSteps(batchOf([row]), { ...TOKEN, ...options });
  const count = steps.rows.filter((each) => each >= 0).length;
  const first = (column: Int32Array | Float32Array) => [...column.subarray(0, count)];
  const states = (column: Int32Array) => first(column).map((state) => steps.picked[state]);
  return {
    ...{ actions: first(steps.actions), picked: first(steps.picked), returns: first(steps.returns) },
    ...{ discounts: first(steps.discounts), next: states(steps.next), legal: steps.legal, all: steps },
  };
}

describe('the tokens of a dialogue that are trained on', () => {
  it('are the agent’s, the one that ends an utterance too, each in the state before it', () => {
    const { actions, picked } = stepsOf(ROW);
    expect(actions).toEqual([1, 2, 9, 3, 9]);
    expect(picked).toEqual([1, 2, 3, 5, 6]);
  });

  it('bootstrap from the agent’s next token, over what the environment says', () => {
    expect(stepsOf(ROW).next).toEqual([2, 3, 5, 6, 8]);
  });

  it('bootstrap from nothing after the terminal token, and from everything before', () => {
    expect(stepsOf(ROW).discounts).toEqual([0.5, 0.5, 0.5, 0.5, 0]);
    expect(stepsOf({ ...ROW, end: 'truncated' }).discounts).toEqual([0.5, 0.5, 0.5, 0.5, 0.5]);
  });

  it('have rewards over n tokens, and γ for each token, or each utterance', () => {
    expect(stepsOf(ROW, { nSteps: 3 })).toMatchObject({
      returns: [-0.25, -0.5, -1 + 0.5 ** 2 * 2, 1, 2],
      discounts: [0.125, 0.125, 0, 0, 0],
      next: [5, 6, 8, 8, 8],
    });
    expect(stepsOf(ROW, { nSteps: 3, discountPer: 'turn' })).toMatchObject({
      returns: [-1, -1, -1 + 0.5 * 2, 2, 2],
      discounts: [0.5, 0.5, 0, 0, 0],
    });
  });

  it('have all rewards to come where nothing is bootstrapped, over the row’s end too', () => {
    const { returns, discounts } = stepsOf({ ...ROW, end: 'continues', tail: 8 }, { nSteps: null });
    expect(returns[4]).toBe(2 + 0.5 * 8);
    expect(returns[3]).toBe(0.5 * 2 + 0.25 * 8);
    expect(discounts).toEqual([0, 0, 0, 0, 0]);
  });

  it('have the masks that follow from what the turn has said', () => {
    const legal = (prefix: ArrayLike<number>) => (prefix.length === 0 ? [1, 3] : [2, 9]);
    const { all } = stepsOf(ROW, { legal });
    const allowed = (state: number) =>
      [...all.legal!.subarray(10 * state, 10 * state + 10).keys()].filter(
        (t) => all.legal![10 * state + t] === 1,
      );
    expect([0, 1, 2, 3, 4].map(allowed)).toEqual([
      [1, 3],
      [2, 9],
      [2, 9],
      [1, 3],
      [2, 9],
    ]);
    // A turn begins after the row.
    expect(allowed(all.actions.length)).toEqual([1, 3]);
  });

  it('are asked for no mask after one that is not legal, which a task might not know', () => {
    const asked: string[] = [];
    const legal = (prefix: ArrayLike<number>) => {
      asked.push([...Array.from(prefix)].join());
      return [3, 9];
    };
    stepsOf(ROW, { legal });
    expect(asked.sort()).toEqual(['', '', '', '3']);
  });

  it('count for nothing where no agent of the task could have said them', () => {
    const { all } = stepsOf(ROW, { legal: () => [1, 2, 3] });
    expect([...all.weights.subarray(0, 5)].map((weight) => weight > 0)).toEqual([
      true,
      true,
      false,
      true,
      false,
    ]);
  });
});

describe('an agent that speaks', () => {
  const layout = tokenLayout({ vocabulary: 10, context: 16, history: null, tokenizer: 'x' });
  const configOf = (agent: object) => {
    const { agent: config } = runConfigOf(
      { environment: { id: 'text/walks' }, agent: { kind: 'token-q', ...agent } },
      'test',
    );
    return config as Extract<typeof config, { kind: 'token-q' }>;
  };
  const create = (agent: object, eager = false) =>
    createAgent({
      config: configOf(agent),
      spec: layout,
      seed: 1,
      totalUpdates: null,
      isRepeatable: true,
      eager,
    });

  it.each([
    ['sft', {}],
    ['mc', {}],
    ['ilql', { cql: { alpha: 0.1 } }],
    ['dqn', { twin: false, among: 3 }],
  ])(
    '%s: learns in one native call what it learns op by op, and goes on from its state',
    async (kind, more) => {
      const config = {
        objective: { kind },
        network: { kind: 'decoder', layers: 1, width: 16, heads: 2 },
        ...more,
      };
      const agents = [await create(config), await create(config, true)];
      const priorities = new Float32Array(4);
      for (let i = 0; i < 4; i++)
        for (const agent of agents) agent.update([batchOf([ROW, { ...ROW, end: 'truncated' }])], priorities);
      const [traced, eager] = agents.map((agent) => agent.parameters());
      for (const [name, { data }] of traced!) {
        const other = eager!.get(name)!.data;
        for (const [i, value] of data.entries()) expect(Math.abs(value - other[i]!), name).toBeLessThan(1e-4);
      }
      const other = await create(config);
      other.restore(agents[0]!.state());
      for (const agent of [agents[0]!, other]) agent.update([batchOf([ROW])], priorities);
      expect(other.parameters()).toEqual(agents[0]!.parameters());
      for (const agent of [...agents, other]) agent.dispose();
    },
  );

  it('trains its language model alone at first, its target network and its reference beside it', async () => {
    const agent = await create({
      pretraining: 2,
      data: {},
      reference: {},
      network: { kind: 'decoder', layers: 1, width: 16, heads: 2 },
    });
    const before = agent.parameters();
    const priorities = new Float32Array(4);
    agent.update([batchOf([ROW])], priorities);
    const state = agent.state();
    for (const [name, { data }] of agent.parameters()) {
      expect(state.get(`target/${name}`)!.data).toEqual(data);
      expect(state.get(`reference/${name}`)!.data).toEqual(data);
      if (/^(q1|q2|v)\//.test(name)) expect(data).toEqual(before.get(name)!.data);
    }
    agent.update([batchOf([ROW])], priorities);
    const start = agent.parameters();
    agent.update([batchOf([ROW])], priorities);
    // The reference stays as it was when pretraining ended.
    for (const [name, { data }] of start) expect(agent.state().get(`reference/${name}`)!.data).toEqual(data);
    expect(agent.parameters().get('embedding/tokens')).not.toEqual(start.get('embedding/tokens'));
    expect(agent.parameters().get('q1/output/bias')!.data).not.toEqual(before.get('q1/output/bias')!.data);
    agent.dispose();
  });

  it('is refused where states are no texts, and an agent of actions where they are', async () => {
    const box = { shape: [3], dtype: 'float32', frames: 1, actions: 2 } as const;
    const given = { seed: 0, totalUpdates: null };
    await expect(createAgent({ ...given, config: configOf({}), spec: box })).rejects.toThrow(
      /environments that speak/,
    );
    const { agent } = runConfigOf({ environment: { id: 'x' }, agent: { kind: 'dqn' } }, 'test');
    await expect(
      createAgent({ ...given, config: agent as Extract<typeof agent, { kind: 'dqn' }>, spec: layout }),
    ).rejects.toThrow(/does not speak/);
    await expect(create({ network: { kind: 'decoder', width: 30, heads: 4 } })).rejects.toThrow(
      /even number of features/,
    );
  });
});
