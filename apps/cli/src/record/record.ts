import { existsSync, statSync, writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { Play, playSpeed } from '@qfleet/browser';
import { speaks } from '@qfleet/config';
import { resolveEnvironment } from '@qfleet/env-host';
import type { EnvironmentDefinition } from '@qfleet/envs';
import { heldOutSeed } from '@qfleet/training';
import { CommandError, UsageError } from '../errors.ts';
import { suggest } from '../suggest.ts';
import { bytes, counted, print, printJson, returned } from '../terminal/output.ts';
import { type FeedOptions, openDirectory } from '../watch/open-feed.ts';
import { GifWriter } from './gif.ts';
import { Mp4Writer } from './mp4.ts';
import { createSurface } from './surface.ts';

/** The options of `qfleet record`. */
export interface RecordOptions extends Pick<FeedOptions, 'env' | 'trust'> {
  readonly episodes: number;
  readonly seed?: number;
  readonly width: number;
  readonly fps?: number;
  readonly maxSteps: number;
  readonly json?: true;
}

/** Frames that the last state of an episode is shown for, as a part of a second. */
const REST_SECONDS = 0.5;
/** Width over height of what has no picture of its own. */
const DEFAULT_ASPECT = 4 / 3;

/** `qfleet record`: greedy episodes with the best checkpoint of a run, as a picture that moves. */
export async function record(path: string, out: string, options: RecordOptions): Promise<void> {
  const kind = extname(out).toLowerCase();
  if (kind !== '.gif' && kind !== '.mp4') {
    throw new UsageError(`${out} is neither a .gif nor an .mp4: name a file that ends so.`);
  }
  if (existsSync(out) && !statSync(out).isFile()) throw new UsageError(`${out} is no file: name another.`);
  const { config, checkpoint } = await openDirectory(path, options, true);
  if (speaks(config))
    throw new UsageError(
      `The agent of ${path} speaks, and a dialogue is no picture that moves: ${suggest('watch', path)} shows it.`,
    );
  const definition =
    config.environment.module === undefined ? undefined : await bareModule(config.environment.module);
  const play = await Play.create(config, definition);
  play.load(checkpoint!.parameters);
  const seed = options.seed ?? heldOutSeed(config);
  play.reset(seed, 0);
  const { width, height } = sizeOf(play, options.width);
  const surface = await createSurface(width, height);
  const perSecond = options.fps ?? playSpeed(play.definition.id);
  const writer =
    kind === '.gif'
      ? new GifWriter(width, height, 1000 / perSecond)
      : await Mp4Writer.start(out, width, height, perSecond);
  const { context } = surface;
  const frame = async (): Promise<void> => {
    if (!play.draw(context)) {
      throw new CommandError(
        `Environment ${play.definition.id} can't be drawn: give it draw(context, state) (docs/watch.md).`,
      );
    }
    await writer.add(onGround(surface.pixels()));
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
  surface.dispose();
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

/** A module's environment without the run's wrappers, which `Play` adds. */
const bareModule = (module: string): Promise<EnvironmentDefinition> => resolveEnvironment({ id: '', module });

/** The picture's size: even, as films need it. */
function sizeOf(play: Play, asked: number): { width: number; height: number } {
  const view = play.picture()?.view;
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
