import { EnvironmentDefinitionError, type EnvironmentOptions } from '@qfleet/envs';
import { z } from 'zod';

/** How Atari's games are played; plain JSON, as the worker takes it. */
export interface AtariSettings {
  /** The chance that the emulator repeats the last action in a frame. */
  readonly sticky: number;
  /** The most no-ops after a reset. */
  readonly no_ops: number;
  /** Whether a lost life ends the episode. */
  readonly life_loss: boolean;
  readonly frame_skip: number;
  /** Frames after which an episode is truncated. */
  readonly max_frames: number;
  readonly full_action_space: boolean;
  readonly mode: number | null;
  readonly difficulty: number | null;
}

/** Machado et al. (2018) and Mnih et al. (2015). */
const SETTINGS = {
  machado: { sticky: 0.25, no_ops: 0, life_loss: false },
  deepmind: { sticky: 0, no_ops: 30, life_loss: true },
} as const;

const FRAME_SKIP = 4;

const schema = z.strictObject({
  settings: z.enum(['machado', 'deepmind', 'none']).default('machado'),
  full_action_space: z.boolean().default(false),
  mode: z.int().min(0).optional(),
  difficulty: z.int().min(0).optional(),
  max_num_frames_per_episode: z.int().min(1).default(108_000),
});

/** The options of an Atari game. */
export interface AtariOptions {
  readonly name: 'machado' | 'deepmind';
  readonly settings: AtariSettings;
}

/**
 * What options ask for; null: the game as Gymnasium itself makes it, of `settings: none`.
 * @throws EnvironmentDefinitionError naming the option that is wrong.
 */
export function atariOptions(id: string, options: EnvironmentOptions): AtariOptions | null {
  if (options['settings'] === 'none') return null;
  const parsed = schema.safeParse(options);
  if (!parsed.success) {
    const [{ path, message, ...issue }] = parsed.error.issues;
    const name = path.length > 0 ? path.join('.') : ((issue as { keys?: string[] }).keys?.join(', ') ?? '');
    const known = Object.keys(schema.shape).join(', ');
    throw new EnvironmentDefinitionError(
      `Environment ${id}, option ${name}: ${path.length > 0 ? message : 'there is no such option'}; it takes ${known}, and with ` +
        'settings none those of gymnasium.make.',
    );
  }
  const { settings: name, full_action_space, mode, difficulty, max_num_frames_per_episode } = parsed.data;
  if (name === 'none') return null;
  const settings = {
    ...SETTINGS[name],
    frame_skip: FRAME_SKIP,
    max_frames: max_num_frames_per_episode,
    full_action_space,
    mode: mode ?? null,
    difficulty: difficulty ?? null,
  };
  return { name, settings };
}

/** The steps after which an episode is truncated. */
export const atariSteps = ({ max_frames, frame_skip }: AtariSettings): number =>
  Math.ceil(max_frames / frame_skip);

/** What a run's summary says of how an Atari game is played. */
export const describeAtari = ({ name, settings }: AtariOptions): Record<string, unknown> => ({
  settings: name,
  stickyActions: settings.sticky,
  noOpsMax: settings.no_ops,
  lifeLossEndsEpisode: settings.life_loss,
  frameSkip: settings.frame_skip,
  maximumOfLastFrames: 2,
  screen: 'grayscale 84x84, area averaging',
  actions: settings.full_action_space ? 'full' : 'minimal',
  maxFramesPerEpisode: settings.max_frames,
});
