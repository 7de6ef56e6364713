import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunConfig, runSchema } from '@qfleet/config';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { comparison, confirmation, type EvaluationRequest } from '../src/evaluation/request.ts';
import { type EvaluationResult, meanAndStd } from '../src/evaluation/result.ts';
import { Scoreboard } from '../src/evaluation/scoreboard.ts';
import { type Checkpoint, CheckpointFolder } from '../src/index.ts';

const configOf = (solvedReturn: number | null): RunConfig =>
  runSchema.parse({
    environment: { id: 'Corridor' },
    agent: { kind: 'tabular' },
    stop: { solvedReturn },
  });

const checkpoint = (updates: number): Checkpoint => ({
  ...{ updates, version: updates, steps: 0, generation: null, stepsBefore: 0, seconds: 0 },
  ...{ random: [1, 2, 3, 4], config: {}, parameters: new Map(), state: new Map() },
});

const answer = ({ id, updates, seed }: EvaluationRequest, ...returns: number[]): EvaluationResult => ({
  ...{ id, updates, seed, returns, ...meanAndStd(returns), seconds: Math.random() },
});

describe('Scoreboard', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'qfleet-scores-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  function open(config: RunConfig) {
    const queue: EvaluationResult[] = [];
    const told: number[] = [];
    const folder = new CheckpointFolder(directory, 50);
    const evaluations = {
      request: async () => undefined,
      takeAbandoned: () => [],
      results: async () => queue.splice(0),
    };
    const scores = new Scoreboard(evaluations, folder, config, {
      onEvaluation: ({ updates }) => void told.push(updates),
    });
    return { queue, told, folder, scores };
  }

  it('counts a result once, whoever reports it and however often', async () => {
    const config = configOf(null);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.boolean()), { maxLength: 30 }),
        async (reports) => {
          const { queue, told, scores } = open(config);
          const asked = [1, 2, 3, 4, 5, 6].map((updates) => comparison(config, checkpoint(updates)));
          for (const request of asked) scores.expect(request);
          for (const [updates, collects] of reports) {
            queue.push(answer(asked[updates - 1], updates));
            if (collects) await scores.collect();
          }
          await scores.collect();
          const first = [...new Set(reports.map(([updates]) => updates))];
          expect(told).toEqual(first);
          expect(scores.pending).toBe(6 - first.length);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('does not take the result of an earlier learner’s request for one of its own', async () => {
    const config = configOf(null);
    const { queue, scores } = open(config);
    scores.expect(comparison(config, checkpoint(20)));
    queue.push(answer(comparison(config, checkpoint(10)), 1));
    await scores.collect();
    expect(scores.pending).toBe(1);
  });

  it('keeps what fresh episodes made of the best, also where a learner that starts again hears of it anew', async () => {
    const config = configOf(5);
    const lucky = answer(comparison(config, checkpoint(10)), 6);
    const fresh = answer(confirmation(config, checkpoint(10)), 2);
    const first = open(config);
    await first.folder.write(checkpoint(10), true);
    first.queue.push(lucky);
    await first.scores.collect();
    expect(first.scores.takeCandidates()).toEqual([10]);
    first.queue.push(fresh);
    await first.scores.collect();
    expect(first.scores.best?.mean).toBe(4);

    const second = open(config);
    await second.scores.open();
    for (const again of [lucky, fresh]) {
      second.queue.push(again);
      await second.scores.collect();
      expect(second.scores.best).toEqual(first.scores.best);
      expect(second.scores.takeCandidates()).toEqual([]);
    }
    expect(second.scores.solved).toBe(false);
  });
});
