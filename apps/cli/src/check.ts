import { setTimeout as sleep } from 'node:timers/promises';
import { loadEnvironment } from '@qfleet/env-host';
import { checkEnvironment, type EnvironmentCheck, findEnvironment, type ObservationPart } from '@qfleet/envs';
import { isModule } from './arguments.ts';
import { integer, print, printJson, style, table } from './terminal/output.ts';

/** Milliseconds that are given to what an environment left behind. */
const LEFT_BEHIND_MS = 20;

/** `qfleet env check`. */
export async function check(
  id: string,
  { json, ...options }: { steps: number; seed: number; json?: true },
): Promise<void> {
  const definition = isModule(id) ? await loadEnvironment(id) : findEnvironment(id);
  const checked = checkEnvironment(definition, options);
  // What it left behind, a timer or a promise that fails, comes up now.
  if (isModule(id)) await sleep(LEFT_BEHIND_MS);
  await (json ? printJson(checked) : print(describe(checked)));
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
  const verdict = problems.length === 0 ? [style('green', 'Nothing is wrong.')] : problems;
  return [table(rows), ...verdict].join('\n');
}

/** The elements of a part, its name, and its shape or n. */
export const describePart = ({ name, start, size, shape }: ObservationPart): string =>
  `${start} … ${start + size - 1}: ${name}${shape ? `[${shape.join(',')}]` : `, one of ${size}`}`;
