import { z } from 'zod';

const count = z.int().positive();
/** The size of a dense layer. */
const units = count.max(65_536);
const fraction = z.number().min(0).max(1);
const momentum = z.number().min(0).lt(1);

/** A multilayer perceptron over the flattened observation (a Discrete observation enters one-hot). */
const mlp = z.strictObject({
  kind: z.literal('mlp'),
  hidden: z.array(units).min(1).max(8).default([128, 128]).describe('units of each hidden layer'),
  dueling: z.boolean().default(false).describe('V(s) + A(s,a) − mean A (Wang et al., 2016)'),
});

/** Convolutions over images [height, width, channels] (uint8 is scaled by 1/255), then dense layers. */
const natureCnn = z.strictObject({
  kind: z.literal('nature-cnn').describe('the convolutions of Mnih et al., 2015'),
  hidden: z.array(units).min(1).max(8).default([512]).describe('units of each hidden layer after them'),
  dueling: z.boolean().default(false).describe('V(s) + A(s,a) − mean A (Wang et al., 2016)'),
});

const network = z.discriminatedUnion('kind', [mlp, natureCnn]);

/** How the target network follows the online one, once an update. */
const target = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('soft'),
    tau: fraction.default(0.005).describe('θ⁻ ← τθ + (1−τ)θ⁻ (Lillicrap et al., 2016)'),
  }),
  z.strictObject({
    kind: z.literal('hard'),
    every: count.default(500).describe('updates between copies (Mnih et al., 2015)'),
  }),
  z.strictObject({
    kind: z.literal('stochastic'),
    probability: fraction.default(0.002).describe('chance of a copy at each update'),
  }),
]);

/** How gradients change the parameters. */
const optimizer = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('adam').describe('Kingma and Ba, 2015'),
    beta1: momentum.default(0.9),
    beta2: momentum.default(0.999),
  }),
  z.strictObject({
    kind: z.literal('adamw').describe('Loshchilov and Hutter, 2019'),
    beta1: momentum.default(0.9),
    beta2: momentum.default(0.999),
    weightDecay: z.number().min(0).default(0.01).describe('λ of θ ← θ − ηλθ, apart from the gradient'),
  }),
  z.strictObject({
    kind: z.literal('rmsprop').describe('Tieleman and Hinton, 2012'),
    decay: momentum.default(0.99).describe('of the moving averages'),
    epsilon: z.number().positive().default(1e-8).describe('added to the root'),
    momentum: momentum.default(0),
    centered: z.boolean().default(false).describe('by the variance, not the second moment (Graves, 2013)'),
  }),
  z.strictObject({
    kind: z.literal('sgd').describe('stochastic gradient descent'),
    momentum: momentum.default(0),
  }),
]);

const dqn = z.strictObject({
  kind: z.literal('dqn'),
  network: network.prefault({ kind: 'mlp' }),
  discount: fraction.default(0.99).describe('γ'),
  nSteps: z.int().min(1).max(64).default(1).describe('steps of reward before the bootstrap'),
  doubleQ: z.boolean().default(true).describe('argmax by the online network (van Hasselt et al., 2016)'),
  loss: z.enum(['huber', 'mse']).default('huber').describe('Huber at δ = 1, or squared error'),
  batchSize: z.int().min(1).max(65_536).default(64).describe('transitions an update'),
  learningRate: z.number().positive().max(1).default(5e-4).describe('of the optimizer'),
  learningRateDecay: fraction
    .default(1)
    .describe('the last rate as a part of the first, reached linearly at stop.maxUpdates'),
  optimizer: optimizer.prefault({ kind: 'adam' }),
  adamEpsilon: z.number().positive().default(1e-8).describe('added to √v̂ by Adam and AdamW'),
  gradientClip: z.number().positive().nullable().default(10).describe('largest global norm; null: none'),
  target: target.prefault({ kind: 'soft' }),
  updatesPerCall: z.int().min(1).max(64).default(8).describe('updates unrolled into one native call'),
});

const tabular = z.strictObject({
  kind: z.literal('tabular'),
  discount: fraction.default(0.99).describe('γ'),
  learningRate: z.number().positive().max(1).default(0.1).describe('α of Q ← Q + α(r + γ max Q′ − Q)'),
  initialQ: z.number().default(0).describe('start value; at the optimum or above it explores by optimism'),
  batchSize: z.int().min(1).max(65_536).default(64).describe('transitions an update'),
  updatesPerCall: z.int().min(1).max(64).default(8),
});

const sampling = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('uniform') }),
  z.strictObject({
    kind: z.literal('prioritized'),
    alpha: fraction.default(0.6).describe('P(i) ∝ pᵢ^α (Schaul et al., 2016)'),
    beta: fraction.default(0.4).describe('importance exponent at the start; rises to 1 at stop.maxUpdates'),
    epsilon: z.number().positive().default(1e-6).describe('added to |TD error|: nothing is never sampled'),
    importanceWeights: z
      .enum(['batch', 'table'])
      .default('batch')
      .describe('whose largest weight is 1: each batch’s, or the whole replay’s'),
    initialPriority: z
      .enum(['max', 'td-error'])
      .default('max')
      .describe('of new transitions: the highest so far, or the actor’s own TD error (Horgan et al., 2018)'),
  }),
]);

const selector = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z
        .literal('epsilon-greedy')
        .describe('uniform with probability ε, else the action of the largest Q'),
    }),
    z.strictObject({
      kind: z
        .literal('softmax')
        .describe('uniform with probability ε, else an action drawn with probability ∝ exp(Q/temperature)'),
      temperature: z
        .number()
        .positive()
        .default(1)
        .describe('in units of Q: towards 0 greedy, towards infinity uniform'),
    }),
  ])
  .describe('how actors choose by Q; evaluations are greedy');

const exploration = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('ladder').describe('one ε a slot, Ape-X: εᵢ = ε^(1 + α·i/(N−1))'),
    base: fraction.default(0.4),
    alpha: z.number().min(0).default(7),
    selector: selector.prefault({ kind: 'epsilon-greedy' }),
  }),
  z.strictObject({
    kind: z
      .literal('schedule')
      .describe('one ε for all, falling linearly with the environment steps of the run'),
    from: fraction.default(1),
    to: fraction.default(0.05),
    steps: count.default(10_000),
    selector: selector.prefault({ kind: 'epsilon-greedy' }),
  }),
]);

/** The whole configuration of a run. Every field has a default but the environment and the agent's kind. */
export const runSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'letters, digits, ".", "_" and "-", at most 64')
    .default('run')
    .describe('names the run directory'),
  seed: z.int().min(0).max(0xffffffff).default(0),
  environment: z.strictObject({
    id: z.string().min(1).describe('see `qfleet envs`'),
    module: z.string().min(1).optional().describe('path of a module whose default export is the environment'),
    options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
    onError: z
      .enum(['end', 'restart'])
      .default('end')
      .describe(
        'of an environment that throws: the run ends, or the episode is truncated and a new copy begins',
      ),
    maxErrorsInARow: count
      .default(10)
      .describe('episodes of a slot that may end so one after the other, with onError restart'),
    maxEpisodeSteps: count
      .nullable()
      .default(null)
      .describe('steps after which an episode is truncated, inner ones counted; null: the environment’s own'),
    actionRepeat: z
      .int()
      .min(1)
      .max(64)
      .default(1)
      .describe('times that an action is taken in a row; their rewards are summed (Mnih et al., 2015: 4)'),
    stickyActions: z
      .number()
      .min(0)
      .lt(1)
      .default(0)
      .describe(
        'chance that the last action is executed in place of the chosen one (Machado et al., 2018: 0.25)',
      ),
    frameStack: z
      .int()
      .min(1)
      .max(64)
      .default(1)
      .describe('observations that make a state, oldest first (Mnih et al., 2015: 4)'),
    normalizeObservations: z
      .boolean()
      .default(false)
      .describe(
        'networks see (x − mean)/√variance within ±10, by running statistics of each element that go with the weights',
      ),
  }),
  agent: z.discriminatedUnion('kind', [dqn, tabular]),
  exploration: exploration.prefault({ kind: 'ladder' }),
  replay: z
    .strictObject({
      capacity: count
        .max(2 ** 30)
        .default(100_000)
        .describe('transitions'),
      capacityBytes: count
        .default(1_000_000_000)
        .describe('bytes of chunks; the oldest go first at either bound'),
      minSize: count.default(1_000).describe('transitions before learning starts'),
      samplesPerInsert: z
        .number()
        .positive()
        .nullable()
        .default(8)
        .describe('held within ±5 %; null: not held'),
      chunkLength: z.int().min(1).max(4_096).default(32).describe('steps a chunk, at most'),
      sampling: sampling.prefault({ kind: 'uniform' }),
      shards: z
        .array(
          z
            .string()
            .regex(
              /^(rediss?(-cluster)?|unix):\/\//,
              'a URL: redis://, rediss://, redis-cluster:// or unix://',
            ),
        )
        .max(64)
        .default([])
        .describe('URLs of Redis servers that share the replay; none: the run’s own holds it'),
    })
    .prefault({}),
  fleet: z
    .strictObject({
      actors: z.int().min(1).max(1_024).default(2).describe('actor processes that `qfleet train` starts'),
      slots: z
        .int()
        .min(1)
        .max(65_536)
        .default(16)
        .describe('environments of the whole run: more than the actors hold leave room for further ones'),
      slotsPerLease: count.default(2).describe('slots that are taken, and lost, together'),
      slotsPerActor: count.default(4).describe('slots that one actor holds at most'),
      maxStaleness: count.default(500).describe('weights versions an actor may lag before it waits'),
    })
    .prefault({}),
  learner: z
    .strictObject({
      publishEvery: count.default(100).describe('updates'),
      checkpointEvery: count.default(1_000).describe('updates: a crash loses no more'),
      checkpointsKept: z.int().min(1).default(5).describe('beside the best one'),
      cacheBytes: count
        .default(2 ** 30)
        .describe('bytes of observations that are cached; others are fetched from the replay'),
    })
    .prefault({}),
  evaluation: z
    .strictObject({
      every: count.default(1_000).describe('updates; a checkpoint is taken for each'),
      episodes: count.default(20).describe('greedy episodes an evaluation'),
    })
    .prefault({}),
  stop: z
    .strictObject({
      maxUpdates: count.nullable().default(null),
      maxSteps: count.nullable().default(null).describe('environment steps of all actors'),
      maxSeconds: z.number().positive().nullable().default(null).describe('wall time of training'),
      solvedReturn: z
        .number()
        .nullable()
        .default(null)
        .describe('stop when an evaluation reaches this mean return, and fresh episodes do too'),
    })
    .prefault({}),
});

/** A run's configuration, checked and complete. */
export type RunConfig = z.output<typeof runSchema>;
export type AgentConfig = RunConfig['agent'];
export type DqnConfig = Extract<AgentConfig, { kind: 'dqn' }>;
export type TabularConfig = Extract<AgentConfig, { kind: 'tabular' }>;
export type NetworkConfig = DqnConfig['network'];
export type TargetConfig = DqnConfig['target'];
export type ExplorationConfig = RunConfig['exploration'];
export type SamplingConfig = RunConfig['replay']['sampling'];
/** A run's configuration as written: defaults may be left out. */
export type RunConfigInput = z.input<typeof runSchema>;
