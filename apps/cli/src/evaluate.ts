import type { Decoding } from '@qfleet/agents';
import { speaks } from '@qfleet/config';
import { resolveAnyEnvironment } from '@qfleet/env-host';
import { checkpointOf } from '@qfleet/policy';
import { RunDirectory } from '@qfleet/report';
import { EvaluationPlayer, heldOutSeed, requestOf } from '@qfleet/training';
import { CommandError, UsageError } from './errors.ts';
import { suggest } from './suggest.ts';
import { cutShortNote, print, printJson, returned, returnedAs, style } from './terminal/output.ts';
import { howPlayed } from './text/how-played.ts';
import { withModule, withPython } from './train/revision.ts';
import { checkWeights } from './train/warm-start.ts';
import { checkTrust, trustOption } from './trust.ts';

/** The options of `qfleet eval`. */
export interface EvaluateOptions {
  readonly episodes: number;
  readonly seed?: number;
  readonly trust?: true;
  readonly env?: string;
  readonly python?: string;
  readonly json?: true;
  readonly decode?: Decoding;
}

/** `qfleet eval`: greedy episodes with the best checkpoint of a run. */
export async function evaluate(path: string, options: EvaluateOptions): Promise<void> {
  const directory = RunDirectory.open(path);
  // What was named on the command line is trusted.
  checkTrust(directory, options.trust === true || (options.env ?? options.python) !== undefined);
  const checkpoint = await checkpointOf(directory, {
    warn: (sentence) => process.stderr.write(`${sentence}\n`),
  });
  if (checkpoint === null) {
    throw new CommandError(
      `${path} has no checkpoint yet; to train on: ${suggest('resume', path, ...trustOption(directory))}`,
    );
  }
  const config = withPython(withModule(directory.config, options.env), options.python);
  await checkWeights(checkpoint, config, path);
  if (options.decode !== undefined && !speaks(config))
    throw new UsageError('--decode is for agents that speak: leave it out, for this one plays greedily.');
  const { id } = await resolveAnyEnvironment(config.environment);
  const seed = options.seed ?? heldOutSeed(config);
  const player = await EvaluationPlayer.create(config);
  const request = requestOf(checkpoint, options.episodes, seed);
  // Nothing cancels it.
  const { returns, mean, std, cutShort, info } = (await player.play(request, {
    warn: warnOnce(),
    ...(options.decode === undefined ? {} : { decode: options.decode }),
  }))!;
  if (options.json) {
    return printJson({
      ...{ returns, mean, std },
      ...(cutShort === undefined ? {} : { cutShort }),
      ...(info === undefined ? {} : { info }),
    });
  }
  const range = `${returned(Math.min(...returns))} to ${returned(Math.max(...returns))}`;
  await print(
    `${style('bold', returnedAs(mean, std))} over ${returns.length} ${howPlayed(config, options.decode)} episodes${cutShortNote(cutShort)} (${range}) of ` +
      `${id}, update ${checkpoint.updates}, seed ${seed}`,
  );
  if (info !== undefined) {
    const means = Object.entries(info).map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`);
    await print(`mean of ${means.join(', ')}`);
  }
}

/** Writes warnings to stderr, each once. */
function warnOnce(): (sentence: string) => void {
  const said = new Set<string>();
  return (sentence) => {
    if (!said.has(sentence)) process.stderr.write(`${sentence}\n`);
    said.add(sentence);
  };
}
