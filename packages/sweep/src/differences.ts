import { changesBetween, describeChange } from '@qfleet/config';
import type { SweepDefinition } from './definition.ts';
import type { Plan } from './plan.ts';

/** What of a sweep's definition decides what is trained; where it comes from shows in the base. */
const PARTS = ['space', 'seeds', 'strategy', 'metric', 'mode'] as const satisfies (keyof SweepDefinition)[];

/** In what two plans differ, a phrase each; none: they train the same. */
export function differences(before: Plan, after: Plan): string[] {
  const parts = PARTS.flatMap((part) => {
    const [one, two] = [before.definition[part], after.definition[part]];
    if (shown(one) === shown(two)) return [];
    return part === 'space' ? spaceDifferences(before, after) : [`${part}: ${shown(one)} → ${shown(two)}`];
  });
  return [...parts, ...changesBetween(before.base, after.base).map(describeChange)];
}

function spaceDifferences(
  { definition: { space: one } }: Plan,
  { definition: { space: two } }: Plan,
): string[] {
  const names = [...new Set([...Object.keys(one), ...Object.keys(two)])];
  const fields = names.filter((name) => shown(one[name]) !== shown(two[name]));
  // What is drawn depends on the order.
  if (fields.length === 0) return ['the order of the fields of space'];
  return fields.map((name) => `${name}: ${shown(one[name])} → ${shown(two[name])}`);
}

const shown = (value: unknown): string => JSON.stringify(value) ?? 'not there';
