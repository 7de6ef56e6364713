import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadModel, loadValueHeads, saveValueHeads, saveWeights } from '@qfleet/networks';
import { bestCheckpoint } from '@qfleet/training';
import { describe, expect, it } from 'vitest';
import { qfleet, temporaryDirectory } from '../../../test/support/qfleet.ts';
import { writeTinyModel } from './support/tiny-model.ts';

const SET = [
  ...['agent.batchSize=256', 'agent.pretraining=2', 'agent.data.episodes=10'],
  ...['evaluation.every=4', 'evaluation.episodes=2'],
].flatMap((each) => ['--set', each]);

const train = (cwd: string, ...args: string[]) =>
  qfleet(['train', 'text/walks', '--max-updates', '4', ...args, ...SET], { cwd });

describe('qfleet train --model and export', { timeout: 600_000 }, () => {
  it('goes from a model to a run, which may move, and from a run to a model, byte for byte', async () => {
    const cwd = temporaryDirectory();
    writeTinyModel(join(cwd, 'given'), 'gpt2');
    const trained = await train(cwd, '--preset', 'ilql', '--model', 'given', '--run-dir', 'first');
    expect(trained.code, trained.stderr).toBe(0);
    expect(readFileSync(join(cwd, 'first/config.yaml'), 'utf8')).toMatch(/learningRate: 0\.0001\b/);

    renameSync(join(cwd, 'first'), join(cwd, 'moved'));
    renameSync(join(cwd, 'given'), join(cwd, 'elsewhere'));
    const again = await qfleet(['resume', 'moved', '--max-updates', '6'], { cwd });
    expect(again.code, again.stderr).toBe(0);

    const exported = await qfleet(['export', 'moved', 'out'], { cwd });
    expect(exported.code, exported.stderr).toBe(0);
    const out = join(cwd, 'out');
    const model = loadModel(out);
    const heads = loadValueHeads(out);
    const { parameters } = (await bestCheckpoint(join(cwd, 'moved/checkpoints')))!;
    expect(new Map([...model.tensors, ...heads])).toEqual(new Map(parameters));
    expect(model.tensors).not.toEqual(loadModel(join(cwd, 'elsewhere')).tensors);
    const copy = join(cwd, 'copy');
    mkdirSync(copy);
    saveWeights(copy, model.type, model.shape, model.tensors);
    saveValueHeads(copy, heads);
    for (const file of ['model.safetensors', 'value_heads.safetensors'])
      expect(readFileSync(join(copy, file)).equals(readFileSync(join(out, file)))).toBe(true);

    const online = await train(
      ...([
        cwd,
        '--preset',
        'ilql-online',
        '--model',
        'out',
        '--actors',
        '1',
        '--run-dir',
        'online',
      ] as const),
      ...['--set', 'agent.data.updates=2', '--set', 'replay.minSize=20'],
    );
    expect(online.code, online.stderr).toBe(0);

    // Another tokenizer than that of the weights.
    const path = join(cwd, 'moved/model/tokenizer.json');
    writeFileSync(path, `${readFileSync(path, 'utf8')}\n`);
    const other = await qfleet(['resume', 'moved', '--max-updates', '8'], { cwd });
    expect(other).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('have learned the tokens of another tokenizer'),
    });
  });

  it('writes a new decoder with the vocabulary of its task, for transformers and for --model', async () => {
    const cwd = temporaryDirectory();
    expect((await train(cwd, '--preset', 'ilql', '--run-dir', 'run')).code).toBe(0);
    expect((await qfleet(['export', 'run', 'out'], { cwd })).code).toBe(0);
    const model = loadModel(join(cwd, 'out'));
    const { parameters, layout } = (await bestCheckpoint(join(cwd, 'run/checkpoints')))!;
    expect(new Map([...model.tensors, ...loadValueHeads(join(cwd, 'out'))])).toEqual(new Map(parameters));
    expect(model.shape.context).toBe(layout!.tokens!.context);
    const { code, stdout } = await qfleet(
      ['train', 'text/walks', '--model', 'out', '--preset', 'mc', '--max-updates', '2', '--json', ...SET],
      { cwd },
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ updates: 2 });
    expect(await qfleet(['export', 'run', 'out'], { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('out is not empty'),
    });
  });

  it.each([
    [['text/walks', '--preset', 'ilql', '--model', 'nowhere'], 'nowhere'],
    [['text/walks', '--preset', 'ilql', '--model', 'given', '--context', '161'], 'reads 160 tokens at once'],
    [['text/walks', '--preset', 'ilql', '--context', '16'], 'give --model too'],
    [['cartpole', '--model', 'given'], '--model gives a language model to agents that speak'],
    [['text/walks', '--preset', 'ilql', '--model', 'given', '--from', 'x'], '--from and --model'],
  ])('refuses %j', async (args, problem) => {
    const cwd = temporaryDirectory();
    writeTinyModel(join(cwd, 'given'), 'llama');
    const { code, stderr } = await qfleet(['train', ...args], { cwd });
    expect(code, stderr).toBe(2);
    expect(stderr).toContain(problem);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});
