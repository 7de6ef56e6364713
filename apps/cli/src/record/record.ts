import { existsSync, statSync, writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { Play, playSpeed } from '@qfleet/browser';
import { type RunConfig, speaks } from '@qfleet/config';
import { resolveEnvironment } from '@qfleet/env-host';
import type { EnvironmentDefinition, Frame } from '@qfleet/envs';
import { heldOutSeed } from '@qfleet/training';
import { CommandError, UsageError } from '../errors.ts';
import { suggest } from '../suggest.ts';
import { bytes, counted, print, printJson, returned } from '../terminal/output.ts';
import { isPlayedByPython, openDirectory } from '../watch/open-feed.ts';
import { GifWriter } from './gif.ts';
import { Mp4Writer } from './mp4.ts';
import type { RecordOptions } from './options.ts';
import { scaleFrame } from './scale-frame.ts';
import { createSurface, type Surface } from './surface.ts';

/** Frames that the last state of an episode is shown for, as a part of a second. */
const REST_SECONDS = 0.5;
/** Width over height of what has no picture of its own. */
const DEFAULT_ASPECT = 4 / 3;

/** `qfleet record`: greedy episodes with the best checkpoint of a run, as a picture that moves, or a dialogue as one that does not. */
export async function record(path: string, out: string, options: RecordOptions): Promise<void> {
  const kind = extname(out).toLowerCase();
  if (kind !== '.gif' && kind !== '.mp4' && kind !== '.svg') {
    throw new UsageError(
      `${out} is neither a .gif nor an .mp4, nor the .svg of a dialogue: name a file that ends so.`,
    );
  }
  if (existsSync(out) && !statSync(out).isFile()) throw new UsageError(`${out} is no file: name another.`);
  const { config, checkpoint } = await openDirectory(path, options, true);
  if (speaks(config)) {
    if (kind !== '.svg')
      throw new UsageError(
        `The agent of ${path} speaks, and a dialogue is no picture that moves: name an .svg; ${suggest('watch', path)} shows it too.`,
      );
    const { recordDialogue } = await import('./record-dialogue.ts');
    return recordDialogue({ path, config, parameters: checkpoint!.parameters, out }, options);
  }
  if (kind === '.svg')
    throw new UsageError(`The agent of ${path} acts, which is a picture that moves: name a .gif or an .mp4.`);
  const play = await Play.create(config, await bareEnvironment(config));
  play.load(checkpoint!.parameters);
  const seed = options.seed ?? heldOutSeed(config);
  play.reset(seed, 0);
  const first = frameOf(play);
  const { width, height } = sizeOf(first ?? play.picture()?.view, options.width);
  const surface = first === undefined ? await createSurface(width, height) : null;
  const perSecond = options.fps ?? playSpeed(play.definition.id);
  const writer =
    kind === '.gif'
      ? new GifWriter(width, height, 1000 / perSecond)
      : await Mp4Writer.start(out, width, height, perSecond);
  const frame = async (): Promise<void> => {
    await writer.add(surface === null ? scaleFrame(frameOf(play)!, width, height) : drawn(play, surface));
  };
  const returns: number[] = [];
  let steps = 0;
  for (let episode = 0; episode < options.episodes; episode++) {
    play.reset(seed, episode);
    let sum = 0;
    await frame();
    while (!play.isOver && steps < options.maxSteps) {
      sum += play.step().reward;
      steps++;
      await frame();
    }
    returns.push(sum);
    for (let rest = 1; rest < REST_SECONDS * perSecond; rest++) await frame();
  }
  surface?.dispose();
  play.close();
  if (writer instanceof GifWriter) writeFileSync(out, writer.finish());
  else await writer.finish();
  const size = statSync(out).size;
  if (options.json) return printJson({ file: out, bytes: size, frames: writer.frames, seed, returns });
  const cut = steps >= options.maxSteps ? `, cut after ${counted(steps, 'step')} (--max-steps)` : '';
  await print(
    `${out}: ${bytes(size)}, ${counted(writer.frames, 'frame')} of ${play.definition.id}, seed ${seed}, ` +
      `returns ${returns.map((each) => returned(each)).join(', ')}${cut}`,
  );
}

/** A module's environment, or one of Python's, without the run's wrappers, which `Play` adds; undefined: it is a native one. */
async function bareEnvironment({ environment }: RunConfig): Promise<EnvironmentDefinition | undefined> {
  const { id, module, options, gymnasium } = environment;
  if (module !== undefined) return resolveEnvironment({ id: '', module });
  return isPlayedByPython(environment)
    ? resolveEnvironment({ id, options, gymnasium, frames: true })
    : undefined;
}

/** The current state as pixels of its own; undefined: it has none, and is drawn. @throws CommandError where it can't be rendered. */
function frameOf(play: Play): Frame | undefined {
  try {
    return play.frame();
  } catch (error) {
    throw new CommandError(
      `Environment ${play.definition.id} can't be recorded: ${(error as Error).message}`,
    );
  }
}

/** The current state as it is drawn. @throws CommandError where it can't be. */
function drawn(play: Play, { context, pixels }: Surface): Uint8Array {
  if (!play.draw(context)) {
    throw new CommandError(
      `Environment ${play.definition.id} can't be drawn: give it draw(context, state) (docs/watch.md).`,
    );
  }
  return onGround(pixels());
}

/** The picture's size: even, as films need it. */
function sizeOf(
  view: { readonly width: number; readonly height: number } | undefined,
  asked: number,
): { width: number; height: number } {
  const aspect = view ? view.width / view.height : DEFAULT_ASPECT;
  const even = (value: number): number => Math.max(2, 2 * Math.round(value / 2));
  return { width: even(asked), height: even(Math.min(2 * asked, asked / aspect)) };
}

/** Pixels on white: a GIF has no half-transparent colours, and the page around it may be light or dark. */
function onGround(pixels: Uint8ClampedArray): Uint8Array {
  const flat = new Uint8Array(pixels.length);
  for (let i = 0; i < pixels.length; i += 4) {
    const alpha = pixels[i + 3] / 255;
    for (let channel = 0; channel < 3; channel++) {
      flat[i + channel] = Math.round(pixels[i + channel] * alpha + 255 * (1 - alpha));
    }
    flat[i + 3] = 255;
  }
  return flat;
}
