import type { ConfigReader } from '../config-reader.ts';

/**
 * The size of a head where the configuration does not give it: an equal part of the width.
 *
 * @param names of the fields that give width and heads, for the message.
 * @throws ModelError where the heads do not divide it.
 */
export function equalHeads(config: ConfigReader, names: readonly [width: string, heads: string]): number {
  const [width, heads] = names.map((name) => config.size(name));
  if (width % heads !== 0)
    config.refuse(names[1], `is ${heads}, which does not divide ${names[0]}, ${width}`);
  return width / heads;
}
