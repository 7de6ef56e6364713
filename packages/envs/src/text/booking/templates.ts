import type { Random } from '@qfleet/random';
import { pick } from '../draw.ts';

/** A text with choices `[one|another]`, which may be empty, and values `{name}`. */
export type Template = string;

/** One of a template's texts, with its values filled in. */
export function say(template: Template, values: Readonly<Record<string, string>>, random: Random): string {
  return template
    .replaceAll(/\[([^\]]*)\]/g, (_, choices: string) => pick(choices.split('|'), random))
    .replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
}

/** The texts of a template before values are filled in: how many there are. */
export const formsOf = (template: Template): number =>
  [...template.matchAll(/\[([^\]]*)\]/g)].reduce(
    (forms, [, choices]) => forms * choices.split('|').length,
    1,
  );

/** The words of templates, values left out. */
export const wordsOf = (templates: readonly Template[]): string[] => [
  ...new Set(templates.flatMap((template) => template.replaceAll(/\{\w+\}/g, ' ').match(/[a-z']+/g) ?? [])),
];
