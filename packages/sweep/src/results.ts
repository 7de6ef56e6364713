import { z } from 'zod';
import type { SweepDefinition } from './definition.ts';

/** What came of a cell at a rung. */
export const resultSchema = z.object({
  cell: z.string(),
  rung: z.int().min(0),
  stopReason: z.string(),
  updates: z.int().min(0),
  envSteps: z.int().min(0),
  trainingSeconds: z.number(),
  wallSeconds: z.number().describe('of all sessions, with set-up and evaluation'),
  last: z.number().nullable().describe('mean return of the final evaluation, of the best checkpoint'),
  best: z.number().nullable().describe('mean return of the best evaluation while it trained'),
  failure: z.string().nullable().describe('why there is no final evaluation; null: there is one'),
});
export type CellResult = z.output<typeof resultSchema>;

/** A cell that is to be trained as far as a rung goes. */
export interface Job {
  readonly cell: string;
  readonly rung: number;
}

export const keyOf = ({ cell, rung }: Job): string => `${cell}.${rung}`;

/** Results by their keys. */
export type Results = ReadonlyMap<string, CellResult>;

/** The figure by which a result counts; null: it failed. */
export const scoreOf = (result: CellResult, metric: SweepDefinition['metric']): number | null =>
  result.failure === null ? result[metric] : null;
