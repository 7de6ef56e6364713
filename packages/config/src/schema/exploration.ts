import { z } from 'zod';
import { count, fraction } from './numbers.ts';

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

/** How actors leave the greedy path. */
export const exploration = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('ladder').describe('one ε a slot, Ape-X: εᵢ = ε^(1 + α·i/(N−1))'),
    base: fraction.default(0.4).describe('ε of the first slot (Horgan et al., 2018: 0.4)'),
    alpha: z
      .number()
      .min(0)
      .default(7)
      .describe('α: how far the others fall below it (Horgan et al., 2018: 7)'),
    selector: selector.prefault({ kind: 'epsilon-greedy' }),
  }),
  z.strictObject({
    kind: z
      .literal('schedule')
      .describe('one ε for all, falling linearly with the environment steps of the run'),
    from: fraction.default(1).describe('ε at the start'),
    to: fraction.default(0.05).describe('ε at the end, and from then on'),
    steps: count.default(10_000).describe('environment steps between them'),
    selector: selector.prefault({ kind: 'epsilon-greedy' }),
  }),
  z.strictObject({
    kind: z
      .literal('exponential')
      .describe('one ε for all, falling by the same part of itself with each environment step of the run'),
    from: z.number().positive().max(1).default(1).describe('ε at the start'),
    to: z.number().positive().max(1).default(0.05).describe('ε at the end, and from then on'),
    steps: count.default(10_000).describe('environment steps between them'),
    selector: selector.prefault({ kind: 'epsilon-greedy' }),
  }),
]);
