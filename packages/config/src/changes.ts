import { isDeepStrictEqual } from 'node:util';
import { ConfigError } from './errors.ts';
import { isMapping } from './fields.ts';
import type { RunConfig } from './schema/run.ts';

/** A field in which two configurations of one run differ; undefined: it is not there. */
export interface Change {
  /** The field as `--set` names it; where the kind of a part changes, the part. */
  readonly path: string;
  readonly from: unknown;
  readonly to: unknown;
}

/**
 * The fields that stay as they are once a run has begun, each with the reason. All others may change on the way: what
 * the learner does (rates, discount, n-step returns, loss, target, batch, sampling), how actors explore, the bounds of the
 * replay and its ratio, the count of actors, checkpoints, evaluations, and what ends the run.
 */
const FIXED: readonly (readonly [path: string, reason: string])[] = [
  ['name', 'it names the run directory'],
  ['seed', "the run's random streams began with it"],
  ['environment.id', 'the network and the replay are of this environment'],
  ['environment.options', 'the replay holds experience of the environment as it is'],
  ['environment.maxEpisodeSteps', 'the replay holds experience of the environment as it is'],
  ['environment.actionRepeat', 'the replay holds experience of the environment as it is'],
  ['environment.stickyActions', 'the replay holds experience of the environment as it is'],
  ['environment.frameStack', 'the network takes states of so many observations'],
  ['environment.normalizeObservations', 'the weights are of observations in this scale'],
  ['agent.kind', 'what was learned is of this kind'],
  ['agent.copies', 'actors hold leases on them, and their streams go on'],
  ['agent.network', 'the weights have its shapes'],
  ['agent.sequence', 'the replay keeps its priorities where sequences begin'],
  ['agent.objective.kind', 'the weights give its outputs'],
  ['agent.objective.name', 'the weights give its outputs'],
  ['agent.objective.options', 'the weights may have its shape'],
  ['agent.objective.atoms', 'the weights have its shape'],
  ['agent.objective.bins', 'the weights have its shape'],
  ['agent.objective.quantiles', 'the weights have its shape'],
  ['agent.objective.cosines', 'the weights have its shape'],
  ['agent.objective.low', 'the weights are of this range'],
  ['agent.objective.high', 'the weights are of this range'],
  ['agent.data', 'the run has learned from these dialogues'],
  ['agent.twin', 'the weights have its shapes'],
  ['agent.valueRescaling', 'the weights give values on its scale'],
  ['agent.optimizer.kind', 'checkpoints hold its state'],
  ['agent.optimizer.name', 'checkpoints hold its state'],
  ['agent.optimizer.options', 'checkpoints hold its state'],
  ['agent.optimizer.momentum', 'checkpoints hold its state'],
  ['agent.optimizer.centered', 'checkpoints hold its state'],
  ['agent.initialQ', 'the values have left it'],
  ['replay.shards', 'the replay lies on them'],
  ['fleet.slots', 'actors hold leases on them, and their streams go on'],
  ['fleet.slotsPerLease', 'the leases of the slots are given out'],
];

/** Where the files of a run lie, which may move as long as they hold the same. */
const PLACES = ['agent.network.directory'];

/** The fields in which two configurations differ, in the order of the schema. */
export function changesBetween(before: RunConfig, after: RunConfig): Change[] {
  return differences(before, after, '');
}

/**
 * What changes in a run that has begun.
 *
 * @throws ConfigError naming each field that can't change, and why.
 */
export function checkChanges(before: RunConfig, after: RunConfig): Change[] {
  const changes = changesBetween(before, after);
  const problems = changes.flatMap(({ path, from, to }) => {
    if (PLACES.includes(path)) return [];
    const fixed = FIXED.find(([field]) => isWithin(path, field) || `${path}.kind` === field);
    if (fixed === undefined) return [];
    return [
      `${path} is ${shown(from)} and can't become ${shown(to)} in a run that has begun, for ${fixed[1]}: start a new run for it.`,
    ];
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return changes;
}

/** A change for people, as `agent.discount: 0.99 → 0.9`. */
export const describeChange = ({ path, from, to }: Change): string =>
  `${path}: ${shown(from)} → ${shown(to)}`;

const isWithin = (path: string, field: string): boolean => path === field || path.startsWith(`${field}.`);

/** A value in YAML, on one line. */
function shown(value: unknown): string {
  if (value === undefined) return 'not set';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function differences(before: unknown, after: unknown, path: string): Change[] {
  if (isDeepStrictEqual(before, after)) return [];
  const areParts = isMapping(before) && isMapping(after) && before['kind'] === after['kind'];
  if (!areParts) return [{ path, from: before, to: after }];
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name) =>
    differences(before[name], after[name], path === '' ? name : `${path}.${name}`),
  );
}
