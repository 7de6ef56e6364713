import { isMapping } from './fields.ts';
import { methodConfig } from './presets.ts';
import { SHARED_BY_TORSOS } from './schema/network.ts';

/** A method by which something is trained. */
export interface Method {
  /** The name of its preset. */
  readonly preset: string;
  /** The shape of the environment's observations; null: it is not known yet. */
  readonly observation: readonly number[] | null;
}

/** What the preset of an environment says beside how it is trained. */
const OF_ENVIRONMENT = ['environment', 'fleet', 'evaluation', 'stop'] as const;

/** What the preset of an environment that speaks says of its texts, whatever learns from them. */
const OF_TEXTS = { agent: ['network', 'discount', 'discountPer'], replay: ['chunkLength'] } as const;

/**
 * What a method trains by, under what `given` says of an environment: of that, the environment, the fleet, the
 * evaluation, what ends the run and the clip of rewards count, and where it speaks the decoder, the discount and the length of
 * chunks; how the environment is trained otherwise does not.
 */
export function methodFor(method: Method, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const own = { ...over(base(method), fieldsOf(given, OF_ENVIRONMENT)), name: nameOf(given, method) };
  return withSupport(withTexts(withRewardClip(own, given), given));
}

/** Those of the named fields that a mapping has. */
const fieldsOf = (
  given: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Record<string, unknown> =>
  Object.fromEntries(names.filter((name) => name in given).map((name) => [name, given[name]]));

/** Has texts read and discounted as the environment's preset has them, where that and the method are of agents that speak. */
function withTexts(
  config: Record<string, unknown>,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const speaks = ({ agent }: Readonly<Record<string, unknown>>): boolean =>
    isMapping(agent) && agent['kind'] === 'token-q';
  if (!speaks(config) || !speaks(given)) return config;
  const parts = Object.entries(OF_TEXTS).flatMap(([part, names]) => {
    const said = given[part];
    return isMapping(said) ? [[part, fieldsOf(said, names)]] : [];
  });
  return over(config, Object.fromEntries(parts));
}

/** Has rewards clipped as the environment's preset has them, where the method does not say and has a network. */
function withRewardClip(
  config: Record<string, unknown>,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const [agent, own] = [config['agent'], given['agent']];
  if (!isMapping(agent) || !isMapping(own) || agent['kind'] === 'tabular') return config;
  if (own['rewardClip'] === undefined || agent['rewardClip'] !== undefined) return config;
  return { ...config, agent: { ...agent, rewardClip: own['rewardClip'] } };
}

/** Has a histogram cover the returns of the environment, where that says them and the method does not. */
function withSupport(config: Record<string, unknown>): Record<string, unknown> {
  const { agent, environment } = config;
  const objective = isMapping(agent) ? agent['objective'] : undefined;
  const returns = isMapping(environment) ? environment['returns'] : undefined;
  if (!isMapping(agent) || !isMapping(objective) || !Array.isArray(returns)) return config;
  const covers =
    HISTOGRAMS.includes(`${objective['kind']}`) && !('low' in objective) && !('high' in objective);
  if (!covers) return config;
  const [low, high] = returns;
  return { ...config, agent: { ...agent, objective: { ...objective, low, high } } };
}

/** The objectives whose values are histograms from `low` to `high`. */
const HISTOGRAMS = ['c51', 'hl-gauss'];

/** What a method trains by, under all that a user's file says. A part of another kind is the file's alone. */
export function methodUnder(
  method: Method,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return { name: method.preset, ...over(base(method), given) };
}

/**
 * The torso for observations of a shape: convolutions for images [height, width, channels], those of MinAtar's size
 * where an image is too small for Atari's, and for screens [height, width] of Atari's size.
 */
function torsoFor(shape: readonly number[]): string {
  const isLarge = Math.min(shape[0], shape[1]) >= SMALLEST_IMAGE;
  if (shape.length === 2) return isLarge ? 'nature-cnn' : 'mlp';
  if (shape.length !== 3) return 'mlp';
  return isLarge ? 'nature-cnn' : 'minatar-cnn';
}

/** Pixels that the convolutions of Mnih et al. (2015) need on a side. */
const SMALLEST_IMAGE = 36;

/** Torsos for the images of Atari's games. */
const FOR_IMAGES = ['nature-cnn', 'impala'];

/** The method's file, with the torso that the observations need. */
function base({ preset, observation }: Method): Record<string, unknown> {
  const values = methodConfig(preset);
  const agent = isMapping(values['agent']) ? values['agent'] : {};
  const network = isMapping(agent['network']) ? agent['network'] : {};
  const needed = observation === null ? (network['kind'] ?? torsoFor([])) : torsoFor(observation);
  // Whether the environment speaks is seen when it is opened.
  if (network['kind'] === 'decoder') return values;
  const suits =
    network['kind'] === needed || (needed === 'nature-cnn' && FOR_IMAGES.includes(`${network['kind']}`));
  if (suits) return values;
  // Sizes are of the torso that the file names, where it names one.
  const kept = Object.entries(network).filter(
    ([field]) => network['kind'] === undefined || SHARED_BY_TORSOS.includes(field),
  );
  return { ...values, agent: { ...agent, network: { ...Object.fromEntries(kept), kind: needed } } };
}

/** The torso that a method's file asks for; null: it takes the one that suits. */
export function torsoOf(preset: string): string | null {
  const { agent } = methodConfig(preset);
  const network = isMapping(agent) ? agent['network'] : undefined;
  return isMapping(network) && typeof network['kind'] === 'string' ? network['kind'] : null;
}

const nameOf = (given: Readonly<Record<string, unknown>>, { preset }: Method): string =>
  typeof given['name'] === 'string' ? `${given['name']}-${preset}`.slice(0, 64) : preset;

/** `upper` over `lower`, part by part; where the `kind` of a part changes, the part is `upper`'s. */
function over(
  lower: Readonly<Record<string, unknown>>,
  upper: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...lower };
  for (const [key, value] of Object.entries(upper)) {
    const below = lower[key];
    const samePart =
      isMapping(below) &&
      isMapping(value) &&
      (value['kind'] === undefined || value['kind'] === below['kind']);
    merged[key] = samePart ? over(below, value) : value;
  }
  return merged;
}
