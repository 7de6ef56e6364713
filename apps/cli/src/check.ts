import { setTimeout as sleep } from 'node:timers/promises';
import { resolveAnyEnvironment } from '@qfleet/env-host';
import {
  checkEnvironment,
  checkTextEnvironment,
  type EnvironmentCheck,
  isText,
  type ObservationPart,
  type TextCheck,
} from '@qfleet/envs';
import { isModule } from './arguments.ts';
import { bridgeOf } from './named-python.ts';
import { integer, print, printJson, style, table } from './terminal/output.ts';

/** Milliseconds that are given to what an environment left behind. */
const LEFT_BEHIND_MS = 20;

/** `qfleet env check`. */
export async function check(
  id: string,
  { json, python, ...options }: { steps: number; seed: number; python?: string; json?: true },
): Promise<void> {
  const module = isModule(id) ? id : undefined;
  const definition = await resolveAnyEnvironment({ id, module, gymnasium: bridgeOf(python) });
  const checked = isText(definition)
    ? checkTextEnvironment(definition, options)
    : checkEnvironment(definition, options);
  // What it left behind, a timer or a promise that fails, comes up now.
  if (isModule(id)) await sleep(LEFT_BEHIND_MS);
  await (json ? printJson(checked) : print('tokens' in checked ? describeText(checked) : describe(checked)));
  if (checked.problems.length > 0) process.exitCode = 1;
}

function describe(checked: EnvironmentCheck): string {
  const { observationSpace: space, actions, steps, episodes, meanReturn, problems } = checked;
  const returns = meanReturn === null ? '' : `, mean return ${meanReturn.toFixed(2)}`;
  const rows = [
    ['environment', checked.id],
    ['observation', space.kind === 'box' ? `${space.dtype}[${space.shape.join(',')}]` : `one of ${space.n}`],
    ...((space.kind === 'box' && space.parts) || []).map((part) => ['', describePart(part)]),
    ['actions', `${actions}`],
    ['played', `${integer(steps)} random steps, ${integer(episodes)} episodes ended${returns}`],
  ];
  return [table(rows), ...verdict(problems)].join('\n');
}

function describeText(checked: TextCheck): string {
  const { id, tokens, context, turns, cut, episodes, meanReturn, longestEpisode, problems } = checked;
  const returns = meanReturn === null ? '' : `, mean return ${meanReturn.toFixed(2)}`;
  const rows = [
    ['environment', id],
    ['tokens', `${integer(tokens)}, a context of ${integer(context)}`],
    [
      'said',
      `${integer(turns)} random utterances, ${integer(cut)} cut; ${integer(episodes)} episodes ended${returns}`,
    ],
    ['longest episode', `${integer(longestEpisode)} tokens`],
  ];
  return [table(rows), ...verdict(problems)].join('\n');
}

const verdict = (problems: readonly string[]): readonly string[] =>
  problems.length === 0 ? [style('green', 'Nothing is wrong.')] : problems;

/** The elements of a part, its name, and its shape or n. */
export const describePart = ({ name, start, size, shape }: ObservationPart): string =>
  `${start} … ${start + size - 1}: ${name}${shape ? `[${shape.join(',')}]` : `, one of ${size}`}`;
