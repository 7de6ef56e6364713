import { createHash } from 'node:crypto';
import {
  type TextCheckpoint,
  type TextModel,
  type TextResult,
  type TextRun,
  type TextRunConfig,
  trainText,
} from '@qfleet/single';
import { encodeTensors, loadTensor, slowRuntimeNote } from '@qfleet/tensor';
import { exitCodes } from '../errors.ts';
import { suggest } from '../suggest.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { integer, print, printJson, shown, style } from '../terminal/output.ts';
import { version } from '../version.ts';
import { textDisplay } from './display.ts';
import { TEXT_TASK } from './options.ts';

/** The two parts of a text as tokens. */
export interface TextTokens {
  readonly training: Int32Array;
  readonly heldOut: Int32Array;
}

/** One session of a run on text. */
interface TextSession {
  readonly directory: TextRun;
  /** The run's id. */
  readonly run: string;
  readonly config: TextRunConfig;
  readonly model: TextModel;
  readonly tokens: TextTokens;
  /** What it goes on from; null: it begins. */
  readonly from: TextCheckpoint | null;
  /** What is trained, as it is called to the user. */
  readonly what: string;
  /** Aborted: another command runs the run. */
  readonly lost: AbortSignal;
  readonly json: boolean;
  /** When the command began, as `performance.now` has it. */
  readonly startedAt: number;
}

/** Trains, shows how it goes, and writes what came of it. @returns the exit code. */
export async function runTextSession(session: TextSession): Promise<number> {
  const { directory, run, config, model, tokens, from, lost, json } = session;
  const display = textDisplay(config, json);
  const interrupt = new Interrupt(() => display.say('Ending: a checkpoint is taken.'));
  try {
    const slow = slowRuntimeNote();
    if (slow !== null) display.warn(slow);
    const parameters = [...model.tensors.values()].reduce((sum, each) => sum + each.data.length, 0);
    display.say(
      `Training ${style('bold', session.what)} of ${integer(parameters)} parameters on ` +
        `${integer(tokens.training.length)} tokens, seed ${config.seed}${from === null ? '' : `, from update ${integer(from.updates)}`}. ` +
        `Run directory: ${shown(directory.path)}`,
    );
    const result = await trainText(model, tokens, directory, {
      ...config,
      from,
      signal: AbortSignal.any([interrupt.signal, lost]),
      onProgress: (progress) => display.update(progress),
      onSample: (sample, updates) =>
        display.say(`Sample at update ${integer(updates)}: ${JSON.stringify(sample)}`),
    });
    display.close();
    lost.throwIfAborted();
    const { kind, version: tensorflow } = await loadTensor();
    const summary = {
      ...{ run, task: TEXT_TASK, seed: config.seed, parameters },
      versions: { qfleet: version, node: process.versions.node, tensorflow, runtime: kind },
      ...{ updates: result.updates, tokens: result.tokens, heldOut: result.heldOut },
      wallSeconds: (performance.now() - session.startedAt) / 1000,
      ...{ trainingSeconds: result.seconds, stopReason: result.stopReason },
      weightsHash: createHash('sha256').update(encodeTensors(result.parameters)).digest('hex'),
    };
    directory.writeSummary(summary);
    if (json) await printJson({ ...summary, runDirectory: directory.path });
    else await print(describe(result, shown(directory.path)));
    return exitCodes.done;
  } finally {
    interrupt.stop();
    display.close();
  }
}

/** What ended a run, to follow "because". */
export const TEXT_STOPS: Readonly<Record<TextResult['stopReason'], string>> = {
  maxUpdates: 'all updates are made',
  maxSeconds: 'its seconds are over',
  interrupted: 'it was interrupted',
};

function describe({ heldOut, updates, seconds, stopReason }: TextResult, path: string): string {
  return [
    `${style('bold', 'Done')}: perplexity ${heldOut.perplexity.toFixed(2)} over ${integer(heldOut.tokens)} held-out tokens.`,
    `Training ended because ${TEXT_STOPS[stopReason]}: ${integer(updates)} updates, ${seconds.toFixed(1)} s.`,
    `Run directory: ${path} (checkpoints, metrics.jsonl, summary.json)`,
    '',
    'Next:',
    ...(stopReason === 'interrupted' ? [`  ${suggest('resume', path)}`] : []),
    `  ${suggest('export', path, 'my-model')}`,
  ].join('\n');
}
